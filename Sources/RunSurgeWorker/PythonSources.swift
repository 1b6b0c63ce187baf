/// The Python that travels inside of the binary: the harness that runs scripts, and the syntax exporter.
enum PythonSources {
    /// Text given to `python3 -c`; it reads the modules below from its first frame.
    static let bootstrap = text(PackageResources.bootstrap_py)

    /// Run on its own by `SyntaxExporter`.
    static let export = text(PackageResources.export_py)

    /// The harness; `start` is where it begins.
    private static let modules: [(name: String, source: [UInt8])] = [
        ("capture", PackageResources.capture_py), ("chunk", PackageResources.chunk_py),
        ("driver", PackageResources.driver_py), ("environment", PackageResources.environment_py),
        ("guards", PackageResources.guards_py), ("merges", PackageResources.merges_py),
        ("outline", PackageResources.outline_py), ("pipe", PackageResources.pipe_py),
        ("report", PackageResources.report_py), ("sources", PackageResources.sources_py),
        ("start", PackageResources.start_py), ("text", PackageResources.text_py),
    ]

    /// The first frame of every process: the harness.
    static let load: Frame = {
        let heads = modules.map { module in
            JSONValue.object(["name": .string(module.name), "size": .integer(Int64(module.source.count))])
        }
        return Frame(["t": .string("load"), "modules": .array(heads)], body: modules.flatMap(\.source))
    }()

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
