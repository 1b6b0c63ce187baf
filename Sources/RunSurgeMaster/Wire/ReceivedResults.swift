internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// One message of the results endpoint.
struct ReceivedResults: Sendable {
    let session: SessionID
    let sender: PeerIdentity
    var chunks: [ChunkResult] = []
    var drivers: [(LeaseToken, DriverReport)] = []
    /// With the session that the lease was given to.
    var logs: [(LogAppend, holder: SessionID)] = []

    /// A result that makes no sense is left out and named by `onError`; the others stand.
    init(_ batch: WireResultBatch, from sender: PeerIdentity, onError: (ProtocolError) -> Void) {
        session = batch.session
        self.sender = sender
        chunks.reserveCapacity(batch.resultCount)
        for run in batch.runs {
            do throws(ProtocolError) {
                for (token, outcome) in try run.results {
                    chunks.append(ChunkResult(token: token, node: nil, outcome: outcome))
                }
            } catch {
                onError(error)
            }
        }
        for result in batch.results {
            do throws(ProtocolError) {
                let token = try LeaseToken(wire: result.lease)
                switch result.outcome {
                case .chunk(let outcome): chunks.append(try WorkerMessageReader.chunkResult(token, outcome))
                case .driver(let outcome) where token.key.isDriver:
                    drivers.append((token, try DriverReport(wire: outcome)))
                case .driver, nil: throw .invalidField(message: "Result", field: "outcome")
                }
            } catch {
                onError(error)
            }
        }
        for segment in batch.logs {
            do throws(ProtocolError) {
                logs.append((try LogAppend(wire: segment), segment.driver.session))
            } catch {
                onError(error)
            }
        }
    }
}
