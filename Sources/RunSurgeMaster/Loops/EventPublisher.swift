internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling
internal import ZeroMQ

/// Publishes on the events endpoint. Events are advisory: one that can't be sent is dropped.
struct EventPublisher: Sendable {
    let socket: SocketHandle

    func publish(job: JobID, state: JobState, chunks: Int64, done: Int64) {
        var event = WireJobEvent()
        event.jobID = job.rawValue
        event.state = state.rawValue
        event.chunksTotal = chunks
        event.chunksDone = done
        event.sentNanoseconds = Self.wallNanoseconds
        publish("job/\(job)", try? FrameCodec.encode(event))
    }

    func publish(term: Int64, sequence: UInt64, _ counts: DispatchCounts) {
        var beacon = WireBeacon()
        beacon.term = term
        beacon.sentNanoseconds = Self.wallNanoseconds
        beacon.sequence = sequence
        beacon.nodes = UInt32(clamping: counts.nodes)
        beacon.slots = UInt32(clamping: counts.slots)
        beacon.readyChunks = counts.readyChunks
        beacon.leasedChunks = counts.leasedChunks
        beacon.runningJobs = counts.runningJobs
        beacon.waitingJobs = counts.waitingJobs
        publish("beacon", try? FrameCodec.encode(beacon))
    }

    func relay(_ heartbeat: Frame, node: Int64) { try? socket.send([Array("node/\(node)".utf8), heartbeat]) }

    private func publish(_ topic: String, _ message: Frame?) {
        guard let message else { return }
        try? socket.send([Array(topic.utf8), message])
    }

    private static var wallNanoseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1e9) }
}
