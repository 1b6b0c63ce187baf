import Foundation
import PostgreSQL
import RunSurgeAPI
import RunSurgeMaster

/// What a process with a master is made of.
struct MasterSettings: Sendable {
    enum Database: Sendable {
        /// A private server in the cluster's folder.
        case embedded
        case external(ConnectionConfiguration)
    }

    /// How the master is reached from outside this process.
    struct Access: Sendable {
        var host = "127.0.0.1"
        /// Of the REST facade; 0: any free port.
        var port = 8000
        /// Of the work endpoint; results, heartbeats and events are on the three ports after it. 0: any free ports.
        var workPort = 50_051
        /// Where workers on other machines reach the REST facade; nil: at `host` and `port`, or, when it listens on
        /// all addresses, at the one that they came by.
        var blobURL: String?
        /// Whether the cluster's own user may be spoken for by a token.
        var hasOperator = true
        /// Reads `/metrics` from elsewhere than this machine; nil: only the operator's token does.
        var metricsToken: String?
        /// Of Swagger UI and ReDoc; nil: their pages say what to install.
        var documentAssets: APIConfiguration.DocumentAssets?
        var scan = ScanSettings()
        var allowedOrigins: [String] = []
        var accessTokenMinutes = 60
        var refreshTokenDays = 7
        var algorithm = APIConfiguration.Algorithm.hs256
    }

    var folder: ClusterFolder
    /// Of uploaded files; nil: in the cluster's folder. Masters of one database share it.
    var blobs: String?
    /// Whether to wait while another master leads the database, rather than to fail.
    var standsBy = true
    var database = Database.embedded
    /// Processes of a worker in this process; 0: there is none.
    var slots: Int
    /// Bytes; nil: an even share of four fifths of the machine's memory.
    var memoryPerSlot: Int64?
    /// nil: only this process uses the cluster.
    var access: Access?
    /// What each attached worker holds of the open files.
    var connectionsPerWorker = ConnectionShares.connectionsPerWorker
    /// How long work stays with a worker that is silent.
    var leaseDuration = Duration.seconds(30)
    /// nil: kept in the folder.
    var secrets: ClusterSecrets?
    /// The file of the master's CURVE keys; nil: in the folder.
    var serverKeys: String?
    var python = PythonOptions()
    /// Shared with who asked for the same script before; nil: one of the master's own.
    var exporter: Task<RememberingExporter, any Error>?

    var blobFolder: String { blobs ?? folder.blobs }

    /// Bytes of all slots together.
    var memory: Int64 {
        if let memoryPerSlot { return memoryPerSlot * Int64(slots) }
        return Int64(ProcessInfo.processInfo.physicalMemory / 5 * 4)
    }
}
