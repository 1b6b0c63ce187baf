import Foundation
import RunSurgeCore

/// The scripts and styles of the pages that show the document; RunSurge brings none of its own.
struct DocumentAssets: Sendable {
    enum Name: String, Sendable, CaseIterable {
        case swaggerScript = "swagger-ui-bundle.js"
        case swaggerStyle = "swagger-ui.css"
        case redocScript = "redoc.standalone.js"

        var contentType: String { self == .swaggerStyle ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8" }
    }

    /// What is looked through of a folder, at most.
    private static let entries = 20_000

    /// Files that are served at `/docs/assets/`.
    let files: [Name: String]
    /// Where pages find them.
    private let urls: [Name: String]
    /// What a page may load from beside this server.
    let origin: String?

    init(_ source: APIConfiguration.DocumentAssets?) {
        switch source {
        case nil:
            files = [:]
            urls = [:]
            origin = nil
        case .folder(let folder):
            files = Self.files(below: folder)
            urls = Dictionary(uniqueKeysWithValues: files.keys.map { ($0, "/docs/assets/\($0.rawValue)") })
            origin = nil
        case .url(let url):
            files = [:]
            let base = url.absoluteString.hasSuffix("/") ? url.absoluteString : "\(url.absoluteString)/"
            urls = Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0, base + $0.rawValue) })
            origin = Self.origin(of: url)
        }
    }

    /// nil: it is not installed.
    func url(of name: Name) -> String? { urls[name] }

    /// Packages keep them in folders of their own, so those below are looked through.
    private static func files(below folder: String) -> [Name: String] {
        var files: [Name: String] = [:]
        let found = FileManager.default.enumerator(atPath: folder)
        for _ in 0..<entries {
            guard files.count < Name.allCases.count, let path = found?.nextObject() as? String else { break }
            guard let name = Name(rawValue: JobPath.lastComponent(path)), files[name] == nil else { continue }
            files[name] = "\(folder)/\(path)"
        }
        return files
    }

    private static func origin(of url: URL) -> String? {
        guard let scheme = url.scheme, let host = url.host else { return nil }
        return "\(scheme)://\(host)" + (url.port.map { ":\($0)" } ?? "")
    }
}
