import Hummingbird
import RunSurgeCore

/// One route: what it takes, what it answers, and what serves it. Requests are checked by it, and the document is
/// made from it.
struct Endpoint: Sendable {
    let method: HTTPRequest.Method
    /// Such as `/api/job/{id}/outputs/{path}`, without a slash at its end; with one it is served too.
    let path: String
    /// Unique; what generated clients call it.
    let id: String
    let tag: EndpointTag
    /// A sentence.
    let summary: String
    let parameters: [ParameterDescription]
    let body: RequestBodyDescription
    let answers: [Answer]
    /// Beyond those that every route has; see `allRefusals`.
    let refusals: [Refusal]
    let handler: EndpointHandler
    private let queryNames: Set<String>

    init(
        _ method: HTTPRequest.Method, _ path: String, id: String, _ tag: EndpointTag, _ summary: String,
        parameters: [ParameterDescription] = [], body: RequestBodyDescription = .none, answers: [Answer],
        refusals: [Refusal] = [], _ handler: EndpointHandler
    ) {
        self.method = method
        self.path = path
        self.id = id
        self.tag = tag
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.refusals = refusals
        self.handler = handler
        queryNames = Set(parameters.filter { $0.place == .query }.map(\.name))
    }

    /// Everything that the route may refuse a request with.
    var allRefusals: [Refusal] {
        handler.refusals + [.invalidField] + body.refusals + refusals + [.internalError, .shuttingDown]
    }

    /// Who calls is looked at first, then what they send, and only then what it is about.
    func serve(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        do {
            switch handler {
            case .anyone(let serve): return try await serve(try call(request, context))
            case .user(let serve):
                let user = try context.requireUser()
                return try await serve(try call(request, context), user)
            case .login(let serve):
                let user = try context.requireLogin()
                return try await serve(try call(request, context), user)
            case .userOrWorker(let serve):
                guard let identity = context.identity else { throw APIError.unauthenticated }
                return try await serve(try call(request, context), identity)
            }
        } catch let refusal as APIError {
            assert(
                allRefusals.contains { $0.status == refusal.status && $0.code == refusal.code },
                "\(method) \(path) is not described to refuse with \(refusal.status.code) \(refusal.code)")
            throw refusal
        }
    }

    private func call(_ request: Request, _ context: APIRequestContext) throws(APIError) -> Call {
        let query = try QueryText(request.uri.query ?? "")
        var values: [String: JSONValue] = [:]
        for parameter in parameters {
            values[parameter.name] = try parameter.value(sent: try parameter.text(in: request, context, query))
        }
        if let unknown = query.names.first(where: { !queryNames.contains($0) }) {
            throw .invalid(unknown, "\(path) has no query parameter \(unknown).")
        }
        try body.checkMediaType(of: request)
        return Call(request: request, context: context, endpoint: self, values: values)
    }
}

/// What serves a route, and with it who may call it.
enum EndpointHandler: Sendable {
    case anyone(@Sendable (Call) async throws -> Response)
    case user(@Sendable (Call, User) async throws -> Response)
    /// No scripts.
    case login(@Sendable (Call, User) async throws -> Response)
    case userOrWorker(@Sendable (Call, Identity) async throws -> Response)

    fileprivate var refusals: [Refusal] {
        switch self {
        case .anyone: []
        case .user: [.unauthenticated, .workersToken]
        case .login: [.unauthenticated, .workersToken, .scriptsToken]
        case .userOrWorker: [.unauthenticated]
        }
    }
}

/// What routes are about.
enum EndpointTag: String, Sendable, CaseIterable {
    case accounts, jobs, groups, events, blobs, nodes, usage, service

    var note: String {
        switch self {
        case .accounts: "Registration, login, sessions, tokens and what users may do."
        case .jobs: "Scripts with their files: submission, state, logs and outputs."
        case .groups: "One script over many archives, and an aggregator that merges what they give."
        case .events: "Changes as they happen."
        case .blobs: "Files by the SHA-256 of their bytes."
        case .nodes: "Machines, their keys and their history."
        case .usage: "What work costs and earns."
        case .service: "Of the server itself."
        }
    }
}
