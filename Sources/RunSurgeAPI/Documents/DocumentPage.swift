import Hummingbird
import NIOCore

/// A page that shows the document.
struct DocumentPage {
    /// Loads nothing but what the page names, and talks to this server only.
    private let policy: String
    private let html: String

    static func swagger(_ assets: DocumentAssets) -> DocumentPage {
        guard let script = assets.url(of: .swaggerScript), let style = assets.url(of: .swaggerStyle) else {
            return missing("Swagger UI")
        }
        return DocumentPage(
            assets,
            head: #"<link rel="stylesheet" href="\#(escaped(style))">"#,
            body: """
                <div id="swagger-ui"></div>
                <script src="\(escaped(script))"></script>
                <script src="\(startPath)"></script>
                """)
    }

    static func redoc(_ assets: DocumentAssets) -> DocumentPage {
        guard let script = assets.url(of: .redocScript) else { return missing("ReDoc") }
        return DocumentPage(
            assets, head: "",
            body: """
                <redoc spec-url="/openapi.json"></redoc>
                <script src="\(escaped(script))"></script>
                """)
    }

    static let startPath = "/docs/start.js"

    /// A file of its own, since the policy lets no script stand in the page.
    static let start = """
        window.ui = SwaggerUIBundle({
            url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null
        });

        """

    private static func missing(_ what: String) -> DocumentPage {
        DocumentPage(
            DocumentAssets(nil), head: "",
            body: """
                <p>\(what) is not installed here: run <code>pip install --target FOLDER drf-spectacular-sidecar</code> \
                and start RunSurge with <code>RUNSURGE_DOCS_ASSETS=FOLDER</code>. The document itself is at \
                <a href="/openapi.json">/openapi.json</a>.</p>
                """)
    }

    private init(_ assets: DocumentAssets, head: String, body: String) {
        let sources = ["'self'", assets.origin].compactMap { $0 }.joined(separator: " ")
        // ReDoc makes its styles, and its search a worker, while it runs.
        policy = """
            default-src 'none'; script-src \(sources); style-src \(sources) 'unsafe-inline'; img-src 'self' data:; \
            font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; \
            frame-ancestors 'none'
            """
        html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>RunSurge</title>
            \(head)
            </head>
            <body>
            \(body)
            </body>
            </html>

            """
    }

    func response() -> Response {
        var headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff",
        ]
        headers[.cacheControl] = "no-cache"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
    }
}
