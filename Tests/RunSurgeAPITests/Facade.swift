import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import RunSurgeAPI
import RunSurgeCore
import RunSurgeTestStores
import Testing

/// The facade over stores in memory.
struct Facade: Sendable {
    static let blobPass = "blob-pass"

    let accounts = MemoryAccounts()
    let jobs = MemoryJobs()
    let enrolment = MemoryEnrolment { Int64(Date().timeIntervalSince1970 * 1_000_000) }
    let blobs: FolderBlobs
    var configuration: APIConfiguration

    init() throws {
        blobs = try FolderBlobs()
        configuration = APIConfiguration(secret: "a secret of the tests, 32 bytes long")
        // Cheap: what scrypt costs is not what is tested.
        configuration.passwordCost = .init(rounds: 16, blockSize: 8, parallelism: 1)
        configuration.isBlobPass = { $0 == Self.blobPass }
        configuration.port = 0
        configuration.followInterval = .milliseconds(20)
    }

    func test(
        _ setup: TestingSetup = .router, _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = await buildApplication(
            configuration, FacadePorts(accounts: accounts, jobs: jobs, blobs: blobs, enrolment: enrolment),
            logger: logger)
        try await application.test(setup, body)
    }
}

/// A registered user of a test.
struct Caller: Sendable {
    let id: UserID
    let accessToken: String
    let refreshToken: String

    var headers: HTTPFields { [.authorization: "Bearer \(accessToken)"] }

    static func register(_ name: String, at client: any TestClientProtocol) async throws -> Caller {
        let response = try await client.send(
            .post, "/api/auth/register",
            json: #"{"username": "\#(name)", "email": "\#(name)@example.org", "password": "correct horse"}"#)
        try #require(response.status == .ok, "\(response.text)")
        let session = try response.decoded(SessionView.self)
        return Caller(
            id: session.user.userID, accessToken: session.accessToken, refreshToken: session.refreshToken)
    }
}

extension TestClientProtocol {
    func send(
        _ method: HTTPRequest.Method, _ uri: String, as caller: Caller? = nil, headers: HTTPFields = [:],
        body: ByteBuffer? = nil
    ) async throws -> TestResponse {
        var all = headers
        if let caller { all.append(contentsOf: caller.headers) }
        return try await execute(uri: uri, method: method, headers: all, body: body) { $0 }
    }

    func send(
        _ method: HTTPRequest.Method, _ uri: String, as caller: Caller? = nil, headers: HTTPFields = [:], json: String
    ) async throws -> TestResponse {
        try await send(method, uri, as: caller, headers: headers, body: ByteBuffer(string: json))
    }

    func submit(_ form: Form, as caller: Caller?) async throws -> TestResponse {
        try await send(
            .post, "/api/job/submit", as: caller, headers: [.contentType: form.contentType],
            body: ByteBuffer(bytes: form.body))
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    }

    /// The code of a refusal.
    var code: String? { try? decoded(ErrorView.self).code }
    var field: String? { (try? decoded(ErrorView.self).field) ?? nil }

    /// Values of Set-Cookie by name, with their attributes.
    var cookies: [String: String] {
        let pairs = headers[values: .setCookie].map { cookie in
            let parts = cookie.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts[0], parts[1])
        }
        return Dictionary(pairs) { $1 }
    }
}

/// A multipart form as curl writes it.
struct Form: Sendable {
    static let boundary = "------------------------d74496d66958873e"
    private var bytes: [UInt8] = []

    var contentType: String { "multipart/form-data; boundary=\(Self.boundary)" }
    var body: [UInt8] { bytes + Array("--\(Self.boundary)--\r\n".utf8) }
    /// The body as it is when the connection breaks.
    var cutBody: [UInt8] { bytes.dropLast(3) }

    func field(_ name: String, _ value: String) -> Form { adding("name=\"\(name)\"", Array(value.utf8)) }

    func file(_ name: String, _ fileName: String, _ content: String) -> Form {
        adding("name=\"\(name)\"; filename=\"\(fileName)\"", Array(content.utf8))
    }

    func file(_ name: String, _ fileName: String, bytes content: [UInt8]) -> Form {
        adding("name=\"\(name)\"; filename=\"\(fileName)\"", content)
    }

    private func adding(_ parameters: String, _ content: [UInt8]) -> Form {
        var copy = self
        copy.bytes += Array("--\(Self.boundary)\r\nContent-Disposition: form-data; \(parameters)\r\n".utf8)
        copy.bytes += Array("Content-Type: application/octet-stream\r\n\r\n".utf8) + content + Array("\r\n".utf8)
        return copy
    }
}

/// Waits for a condition that another task brings about.
func eventually(
    within limit: Duration = .seconds(20), _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "Waited \(limit) for: \(what)")
        try await Task.sleep(for: .milliseconds(2))
    }
}
