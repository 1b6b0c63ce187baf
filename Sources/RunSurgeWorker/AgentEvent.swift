internal import RunSurgeProtocol

/// What happens around the agent, in order of arrival. Processes are named by `PythonProcess.id`.
enum AgentEvent: Sendable {
    case frames(UInt64, [Frame])
    /// No more frames will come; an error when the process wrote something else.
    case framesEnded(UInt64, FrameError?)
    case processEnded(UInt64, ProcessEnd)
    case outputChanged(UInt64)
    case master(session: UInt64, WireMasterMessage)
    case beacon(session: UInt64, WireBeacon)
    case tick
    case shutdown
}
