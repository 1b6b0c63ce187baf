import Hummingbird
import NIOCore
import RunSurgeCore
import Testing

@testable import RunSurgeAPI

@Suite struct PacedBodyTests {
    @Test func aBodyPastItsLimitIsRefusedAtTheLimit() async throws {
        // 8 EiB, made as it is read.
        let endless = AsyncStream<ByteBuffer> { ByteBuffer(repeating: 0, count: 1_000) }
        let body = PacedBody(RequestBody(asyncSequence: endless), limit: 10_500, what: "file")
        var taken = 0
        let error = await #expect(throws: APIError.self) {
            for try await piece in body { taken += piece.count }
        }
        #expect(error?.status == .contentTooLarge && taken == 10_000)
    }

    @Test func aBrokenConnectionIsNotAnEnd() async throws {
        struct Broken: Error {}
        let stream = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(string: "abc"))
            continuation.finish(throwing: Broken())
        }
        let body = PacedBody(RequestBody(asyncSequence: stream), limit: 10, what: "file")
        #expect(try await body.next() == ByteBuffer(string: "abc"))
        let error = await #expect(throws: APIError.self) { try await body.next() }
        #expect(error?.code == "connection_cut")
    }
}
