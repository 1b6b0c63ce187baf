/// A body is not multipart/form-data as RFC 7578 has it.
enum MultipartError: Error, Equatable {
    case malformed(String)
    /// The body ended inside a part.
    case truncated

    var detail: String {
        switch self {
        case .malformed(let reason): reason
        case .truncated: "The body ends before its last boundary; the upload was cut."
        }
    }
}
