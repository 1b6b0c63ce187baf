internal import Foundation

/// The one thing of a job's plan that concerns the agent.
struct PlanSummary: Decodable {
    /// The script may change, rename or delete files that exist; assumed of a plan that can't be read.
    let mayWriteInputs: Bool

    /// Some loop of the script can be split.
    let hasRegions: Bool

    private enum CodingKeys: String, CodingKey {
        case regions
        case mayWriteInputs = "may_write_inputs"
    }

    init(_ plan: [UInt8]) {
        let known = try? JSONDecoder().decode(PlanSummary.self, from: Data(plan))
        mayWriteInputs = known?.mayWriteInputs ?? true
        hasRegions = known?.hasRegions ?? false
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        mayWriteInputs = try container.decode(Bool.self, forKey: .mayWriteInputs)
        hasRegions = try !container.nestedUnkeyedContainer(forKey: .regions).isAtEnd
    }
}
