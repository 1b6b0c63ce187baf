import Foundation
import Hummingbird
import NIOCore

/// The document of the other routes, and the pages that show it.
struct DocumentRoutes: Sendable {
    private static let name = Parameter.text(
        "name", in: .path, .choice(DocumentAssets.Name.allCases.map(\.rawValue)), "Of the file.")

    /// Written once: it never changes.
    private let document: Result<Data, any Error>
    private let assets: DocumentAssets

    init(of endpoints: [Endpoint], assets: APIConfiguration.DocumentAssets?) {
        document = Result { try JSONBody.encode(OpenAPIDocument(of: endpoints).json) }
        self.assets = DocumentAssets(assets)
    }

    var endpoints: [Endpoint] {
        let page = [Answer(.ok, "The page.", .media(["text/html"]))]
        return [
            Endpoint(
                .get, "/openapi.json", id: "openAPI", .service, "Describes every route (OpenAPI 3.1).",
                answers: [Answer(.ok, "The document.", .json(.anything))],
                .anyone { _ in JSONBody.response(bytes: try document.get()) }),
            Endpoint(
                .get, "/docs", id: "swaggerUI", .service, "Shows the document by Swagger UI.", answers: page,
                .anyone { _ in DocumentPage.swagger(assets).response() }),
            Endpoint(
                .get, "/redoc", id: "redoc", .service, "Shows the document by ReDoc.", answers: page,
                .anyone { _ in DocumentPage.redoc(assets).response() }),
            Endpoint(
                .get, DocumentPage.startPath, id: "swaggerStart", .service, "Starts Swagger UI in its page.",
                answers: [Answer(.ok, "A script.", .media(["text/javascript"]))],
                .anyone { _ in
                    Response(
                        status: .ok, headers: [.contentType: DocumentAssets.Name.swaggerScript.contentType],
                        body: ResponseBody(byteBuffer: ByteBuffer(string: DocumentPage.start)))
                }),
            Endpoint(
                .get, "/docs/assets/{name}", id: "docsAsset", .service, "Sends a file that the pages load.",
                parameters: [Self.name.description],
                answers: [Answer(.ok, "The file.", .media(["text/javascript", "text/css"]))],
                refusals: [Refusal(.notFound, "asset_not_found", "The file is not installed here.")],
                .anyone(asset)),
        ]
    }

    @Sendable private func asset(_ call: Call) async throws -> Response {
        guard let name = DocumentAssets.Name(rawValue: call[Self.name]), let path = assets.files[name] else {
            throw APIError(.notFound, "asset_not_found", "This file is not installed here; see /docs.")
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: name.contentType, .xContentTypeOptions: "nosniff", .cacheControl: "public, max-age=3600",
            ], body: try await FileIO().loadFile(path: path, context: call.context))
    }
}
