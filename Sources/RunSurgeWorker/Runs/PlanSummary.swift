internal import Foundation

/// The one thing of a job's plan that concerns the agent.
struct PlanSummary: Decodable {
    /// The script may change, rename or delete files that exist; assumed of a plan that can't be read.
    let mayWriteInputs: Bool

    private enum CodingKeys: String, CodingKey {
        case mayWriteInputs = "may_write_inputs"
    }

    init(_ plan: [UInt8]) {
        mayWriteInputs = (try? JSONDecoder().decode(PlanSummary.self, from: Data(plan)))?.mayWriteInputs ?? true
    }

    init(from decoder: any Decoder) throws {
        mayWriteInputs = try decoder.container(keyedBy: CodingKeys.self).decode(Bool.self, forKey: .mayWriteInputs)
    }
}
