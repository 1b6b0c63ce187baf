internal import RunSurgeCore
internal import RunSurgeProtocol

/// Where a process finds its files: as the script names them inside a sandbox, as they really are without one.
struct ShownPaths {
    let script: String
    let directory: String
    /// The same in every process of the job, so that a chunk can read what the driver has open.
    let standardInput: String?
    let progress: String

    init(job: JobDescription, folder: RunFolder, sandbox: Sandbox) {
        standardInput = job.standardInput.map { blob in
            "\(sandbox.isOn ? RunFolder.shownBlobs : folder.blobs)/\(blob.sha256)"
        }
        progress = sandbox.isOn ? RunFolder.shownProgress : folder.progress
        guard !sandbox.isOn else {
            script = job.script.path
            directory = job.workingDirectory
            return
        }
        directory = folder.work
        let isInside = JobPath.isInside(job.script.path, job.workingDirectory)
        script = isInside ? folder.work + job.script.path.dropFirst(job.workingDirectory.utf8.count) : job.script.path
    }
}

/// What tells a harness its job.
struct StartFrame {
    let job: JobDescription
    let shown: ShownPaths
    let slots: Int

    /// - Parameter memory: limit of the process, in bytes.
    func chunk(plan: [UInt8], memory: Int64) -> Frame {
        frame(
            role: "chunk", plan: plan,
            adding: ["split": .bool(true), "memory": .integer(memory), "progress": .string(shown.progress)])
    }

    func driver(_ work: WireDriverWork, plan: [UInt8]) -> Frame {
        let resume = work.resume.map { point in
            JSONValue.object([
                "node": .integer(point.node), "entry": .integer(point.entry),
                "prefix_records": .integer(point.prefixRecords),
                "modes": (try? JSONReader.read(point.modesJson)) ?? .object([:]),
            ])
        }
        return frame(
            role: "driver", plan: plan,
            adding: [
                "min_split_seconds": work.minSplitSeconds < 0 ? .null : .double(work.minSplitSeconds),
                "chunk_records": work.chunkRecords > 0 ? .integer(work.chunkRecords) : .null,
                "split": .bool(!work.noSplit), "resume": .array(resume),
            ])
    }

    private func frame(role: String, plan: [UInt8], adding more: [String: JSONValue]) -> Frame {
        let head: [String: JSONValue] = [
            "t": .string("start"), "role": .string(role), "script": .string(shown.script),
            "argv0": job.scriptArgument.map(JSONValue.string) ?? .null, "arguments": .strings(job.arguments),
            "directory": .string(shown.directory),
            "environment": .object(job.environment.mapValues(JSONValue.string)), "slots": .integer(Int64(slots)),
            "min_split_seconds": .null, "chunk_records": .null, "resume": .array([]),
            "standard_input": shown.standardInput.map(JSONValue.string) ?? .null,
            "plan_size": .integer(Int64(plan.count)),
        ]
        return Frame(head.merging(more) { $1 }, body: plan)
    }
}
