public import RunSurgeCore

extension WireJobContext {
    /// What every process of the job needs; `plan` is the analyser's JSON.
    public init(job: JobID, specification: JobSpecification, plan: Payload, traceID: String) {
        self.init()
        jobID = job.rawValue
        self.traceID = traceID
        workingDirectory = specification.workingDirectory
        script = specification.script.wire
        inputs = specification.inputs.map(\.wire)
        scriptArgument = specification.scriptArgument ?? ""
        arguments = specification.arguments
        environment = specification.environment
        if let input = specification.standardInput { standardInput = input.wire }
        hashSeed = specification.hashSeed
        self.plan = plan.wire
    }

    /// The part of a specification that travels; what concerns splitting comes with the driver's work.
    public func specification() throws(ProtocolError) -> JobSpecification {
        guard jobID > 0 else { throw .invalidField(message: "JobContext", field: "job_id") }
        guard workingDirectory.hasPrefix("/") else {
            throw .invalidField(message: "JobContext", field: "working_directory")
        }
        var entries: [FileEntry] = []
        entries.reserveCapacity(inputs.count)
        for input in inputs { entries.append(try FileEntry(wire: input)) }
        return JobSpecification(
            name: "", script: try FileEntry(wire: script), inputs: entries,
            scriptArgument: scriptArgument.isEmpty ? nil : scriptArgument, arguments: arguments,
            workingDirectory: workingDirectory, environment: environment,
            standardInput: hasStandardInput ? try BlobReference(wire: standardInput) : nil, hashSeed: hashSeed)
    }
}
