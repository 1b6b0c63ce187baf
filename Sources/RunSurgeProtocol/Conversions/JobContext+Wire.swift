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
        arguments = specification.arguments
        environment = specification.environment
        if let input = specification.standardInput { standardInput = input.wire }
        hashSeed = specification.hashSeed
        self.plan = plan.wire
    }
}
