/// A descriptor with several owners, closed with the last.
final class FileDescriptorBox: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    var number: Int32 { descriptor.rawValue }
    func write(_ bytes: [UInt8]) throws(SystemError) { try descriptor.write(bytes) }
}
