/// The Python that travels inside of the binary: the harness that runs scripts, and the syntax exporter.
enum PythonSources {
    /// Text given to `python3 -c`; it reads the modules below from its first frame.
    static let bootstrap = text(PackageResources.bootstrap_py)

    /// Run on its own by `SyntaxExporter`.
    static let export = text(PackageResources.export_py)

    /// Run on its own by `ArchiveSandbox`.
    static let archive = text(PackageResources.archive_py)

    /// The harness; `start` is where it begins.
    private static let modules: [(name: String, source: [UInt8])] = [
        ("binding", PackageResources.binding_py), ("capture", PackageResources.capture_py),
        ("chunk", PackageResources.chunk_py), ("conversation", PackageResources.conversation_py),
        ("driver", PackageResources.driver_py), ("entries", PackageResources.entries_py),
        ("environment", PackageResources.environment_py), ("feeds", PackageResources.feeds_py),
        ("frames", PackageResources.frames_py), ("guards", PackageResources.guards_py),
        ("held", PackageResources.held_py), ("host", PackageResources.host_py), ("levels", PackageResources.levels_py),
        ("lines", PackageResources.lines_py), ("memory", PackageResources.memory_py),
        ("merges", PackageResources.merges_py), ("numbered", PackageResources.numbered_py),
        ("outline", PackageResources.outline_py), ("pipe", PackageResources.pipe_py),
        ("replay", PackageResources.replay_py), ("report", PackageResources.report_py),
        ("room", PackageResources.room_py), ("rows", PackageResources.rows_py),
        ("sites", PackageResources.sites_py), ("sources", PackageResources.sources_py),
        ("start", PackageResources.start_py), ("text", PackageResources.text_py),
    ]

    /// The first frame of every process: the harness as source text.
    static let load = frame(modules.map(\.source), isCode: false)

    /// The same, compiled once by the interpreter that will run it: compiling takes longer than all else that a process
    /// does before its script begins. Blocks.
    static func compiledLoad(in sandbox: Sandbox) throws -> Frame {
        var input: [UInt8] = []
        load.write(to: &input)
        let command = sandbox.command(
            arguments: ["-I", "-c", compiler], mounts: [], temporary: nil, infoDescriptor: nil)
        let answer = try CapturedCommand(
            path: command[0], arguments: Array(command.dropFirst()), environment: Sandbox.environment(hashSeed: 0),
            timeout: .seconds(60), outputLimit: Frame.bodyLimit, input: input
        ).run()
        var decoder = FrameDecoder()
        let frames = try answer.output.withUnsafeBytes { try decoder.decode($0) }
        guard answer.status == 0, frames.count == modules.count else {
            throw WorkerError.setup(
                "the harness can't be compiled: \(String(decoding: answer.error.suffix(500), as: UTF8.self))")
        }
        return frame(frames.map(\.body), isCode: true)
    }

    private static let compiler = """
        import json, marshal, sys
        data = sys.stdin.buffer.read()
        end = 8 + int.from_bytes(data[:4], "little")
        for entry in json.loads(data[8:end])["modules"]:
            source = data[end:end + entry["size"]]
            end += entry["size"]
            name = "<runsurge " + entry["name"] + ">"
            code = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
            sys.stdout.buffer.write((2).to_bytes(4, "little") + len(code).to_bytes(4, "little") + b"{}" + code)
        """

    private static func frame(_ contents: [[UInt8]], isCode: Bool) -> Frame {
        let heads = zip(modules, contents).map { module, content in
            JSONValue.object(["name": .string(module.name), "size": .integer(Int64(content.count))])
        }
        return Frame(
            ["t": .string("load"), "code": .bool(isCode), "modules": .array(heads)], body: contents.flatMap(\.self))
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
