internal import RunSurgeCore
internal import RunSurgeScheduling

/// Interpreters for a job's chunks that start beside its driver, so that its first region need not wait for them.
extension Worker {
    /// One for each slot: while its region is computed, the driver's own slot runs chunks too.
    func warmUp(_ record: JobRecord, plan: [UInt8], mayBeSplit: Bool) {
        record.isDriven = true
        guard mayBeSplit, let parts, parts.launcher.sandbox.isOn, PlanSummary(plan).hasRegions else { return }
        for _ in 0..<configuration.slots { Task { await startWarm(record, parts) } }
    }

    private func startWarm(_ record: JobRecord, _ parts: Parts) async {
        let job = record.description.id
        do {
            let memory = configuration.memoryBytes / Int64(configuration.slots)
            let python = try await startChunkProcess(of: record, memory: memory, owner: .warm(job), parts)
            record.warm.append(python)
            if !record.isDriven || python.process.hasEnded { coolDown(job) }
        } catch {
            // The first chunk starts its own, and reports what is wrong.
            logger.info("no chunk process could be started ahead", metadata: ["job": "\(job)", "error": "\(error)"])
        }
    }

    /// A warm process of this job, now its own; nil when there is none.
    func takeWarm(of record: JobRecord, memory: Int64, owner: ProcessOwner) -> PythonProcess? {
        guard let python = record.warm.popLast() else { return nil }
        owners[python.id] = owner
        python.process.setLimit(to: memory)
        return python
    }

    /// The job's driver is gone: nobody will want these.
    func coolDown(_ job: JobID) {
        guard let record = jobs[job] else { return }
        record.isDriven = false
        for python in record.warm {
            python.process.kill()
            discard(python)
        }
        record.warm = []
    }

    func warmProcessEnded(_ id: UInt64, of job: JobID) {
        guard let record = jobs[job], let index = record.warm.firstIndex(where: { $0.id == id }) else { return }
        discard(record.warm.remove(at: index))
    }
}
