internal import Foundation
internal import RunSurgeCore
internal import RunSurgeScheduling

/// The run report of a finished job: what the driver says of its regions, with what the master measured.
struct RunReport {
    let specification: JobSpecification?
    let driver: DriverReport
    let summary: JobSummary
    let attempts: AttemptTotals

    /// JSON, its fields in product.md's words.
    func json() throws -> [UInt8] {
        let regions = driverRegions()
        let measured = summary.loops.values.map(\.measuredPeak).max() ?? 0
        let predicted = summary.loops.values.map(\.predictedPeak).max() ?? 0
        var report: [String: Any] = [
            "exit_status": Int(driver.exitStatus),
            "wall_seconds": seconds(driver.wallMicroseconds),
            "workers": summary.slots,
            "chunks": regions.reduce(0) { $0 + (($1["chunks"] as? NSNumber)?.intValue ?? 0) },
            "regions": regions,
            "attempts": [
                "total": attempts.total, "lost": attempts.lost, "out_of_memory": attempts.outOfMemory,
                "stale": attempts.stale,
            ],
            "predicted_peak_bytes": known(predicted),
            // Without regions the script's own process is all there was.
            "measured_peak_bytes": known(measured > 0 ? measured : driver.peakBytes),
            "most_parts": Int(summary.loops.values.map(\.mostParts).max() ?? 1),
            "driver_peak_bytes": known(driver.peakBytes),
            "driver_cpu_seconds": seconds(driver.cpuMicroseconds),
            "job_seconds": summary.duration.map { $0.seconds as Any } ?? NSNull(),
            "missing_inputs": driver.missingInputs,
            "python": summary.pythonVersion,
        ]
        if let specification {
            report["script"] = specification.script.path.split(separator: "/").last.map(String.init) ?? ""
            report["hash_seed"] = Int(specification.hashSeed)
        }
        return [UInt8](try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys]))
    }

    private func driverRegions() -> [[String: Any]] {
        // A driver whose account makes no sense has still run the script: the report goes without.
        let value = try? JSONSerialization.jsonObject(with: Data(driver.regionsJSON))
        return (value as? [[String: Any]] ?? []).map { region in
            guard let node = (region["node"] as? NSNumber)?.int64Value, let totals = summary.loops[node] else {
                return region
            }
            var region = region
            region["predicted_peak_bytes"] = known(totals.predictedPeak)
            region["measured_peak_bytes"] = known(totals.measuredPeak)
            region["most_parts"] = Int(totals.mostParts)
            region["chunk_wall_seconds"] = seconds(totals.wallMicroseconds)
            region["chunk_cpu_seconds"] = seconds(totals.cpuMicroseconds)
            return region
        }
    }

    private func known(_ bytes: Int64) -> Any { bytes > 0 ? bytes as Any : NSNull() }
    private func seconds(_ microseconds: Int64) -> Double { Double(microseconds) / 1e6 }
}
