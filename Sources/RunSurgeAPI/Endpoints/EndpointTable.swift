import Hummingbird

/// All routes of the facade; the only way for one to be served.
struct EndpointTable: Sendable {
    let endpoints: [Endpoint]

    func add(to router: Router<APIRequestContext>) {
        for endpoint in endpoints {
            router.on(endpoint.routerPath, method: endpoint.method) { request, context in
                try await endpoint.serve(request, context)
            }
        }
    }

    /// What may be done at a path, sorted; empty: there is nothing at it.
    func methods(at path: String) -> [HTTPRequest.Method] {
        let components = path.split(separator: "/")
        let matches = endpoints.compactMap { endpoint in endpoint.match(components).map { (endpoint.method, $0) } }
        // As the router has it: a word of the path is closer than a parameter.
        let closest = matches.map(\.1).min { $0.lexicographicallyPrecedes($1) }
        var methods = Set(matches.filter { $0.1 == closest }.map(\.0))
        guard !methods.isEmpty else { return [] }
        if methods.contains(.get) { methods.insert(.head) }
        methods.insert(.options)
        return methods.sorted { $0.rawValue < $1.rawValue }
    }
}

extension Endpoint {
    /// As the router spells it.
    fileprivate var routerPath: RouterPath {
        let rest = parameters.first { $0.place == .rest }
        return RouterPath(rest.map { path.replacing("{\($0.name)}", with: "**") } ?? path)
    }

    /// For each component how loosely it matches; nil: the path is another.
    fileprivate func match(_ components: [Substring]) -> [Int]? {
        let template = path.split(separator: "/")
        let rest = parameters.first { $0.place == .rest }.map { "{\($0.name)}" }
        var looseness: [Int] = []
        for (index, wanted) in template.enumerated() {
            guard index < components.count else { return nil }
            if let rest, wanted == rest { return looseness + [2] }
            guard wanted.hasPrefix("{") || wanted == components[index] else { return nil }
            looseness.append(wanted.hasPrefix("{") ? 1 : 0)
        }
        return template.count == components.count ? looseness : nil
    }
}
