internal import Glibc
internal import RunSurgeCore

/// A Python process with the harness in it, and all its pipes.
struct PythonProcess: Sendable {
    /// Unique in this agent.
    let id: UInt64
    let folder: RunFolder
    let process: SandboxedProcess
    let channel: FrameChannel
    let standardOutput: OutputFile
    let standardError: OutputFile
}

/// Starts them.
struct PythonLauncher: Sendable {
    struct Request: Sendable {
        let id: UInt64
        let folder: RunFolder
        var mounts: [Mount]
        var environment: [String]
        /// Bytes.
        var memory: Int64
        /// A file for standard input; nil: nothing.
        var input: String?

        func reading(_ path: String) -> Request {
            var copy = self
            copy.input = path
            return copy
        }
    }

    let sandbox: Sandbox
    let frames: Reactor
    let streams: Reactor
    let events: EventQueue<AgentEvent>
    /// The harness, given to every process.
    let load: Frame
    /// Bytes of one output stream.
    let streamLimit: Int64

    /// Makes the folder's pipes, starts the process and gives it the harness. The folder must exist.
    func launch(_ request: Request) async throws -> PythonProcess {
        try await BlockingWork.run { try start(request) }
    }

    private func start(_ request: Request) throws -> PythonProcess {
        let id = request.id
        let events = events
        let input = try FileDescriptor.open(request.input ?? "/dev/null", O_RDONLY).raisedAboveReserved()
        var outputs = try Pipe()
        var errors = try Pipe()
        var commands = try Pipe()
        var answers = try Pipe()
        // As deep as a user may have it: a region's environment and results then pass in fewer turns.
        for end in [commands.write, answers.read] { _ = setPipeSize(end, 1 << 20) }
        let output = try OutputFile(
            reading: outputs.takeRead(), into: request.folder.standardOutput, limit: streamLimit, reactor: streams
        ) { events.post(.outputChanged(id)) }
        let error = try OutputFile(
            reading: errors.takeRead(), into: request.folder.standardError, limit: streamLimit, reactor: streams
        ) { events.post(.outputChanged(id)) }
        let channel = try FrameChannel(
            reading: answers.takeRead(), writing: commands.takeWrite(), reactor: frames,
            onFrames: { events.post(.frames(id, $0)) }, onEnd: { events.post(.framesEnded(id, $0)) })
        var mounts = request.mounts
        mounts.append(.readOnly(request.folder.blobs, at: RunFolder.shownBlobs))
        mounts.append(.writable(request.folder.progress, at: RunFolder.shownProgress))
        let process = try SandboxedProcess.start(
            SandboxedProcess.Launch(
                arguments: ["-c", PythonSources.bootstrap], environment: request.environment, mounts: mounts,
                temporary: request.folder.temporary,
                descriptors: [
                    input.rawValue, outputs.write, errors.write, commands.read, answers.write,
                ],
                memory: request.memory),
            in: sandbox, reactor: frames
        ) { events.post(.processEnded(id, $0)) }
        try output.open()
        try error.open()
        try channel.open()
        channel.send(load)
        return PythonProcess(
            id: id, folder: request.folder, process: process, channel: channel, standardOutput: output,
            standardError: error)
    }
}
