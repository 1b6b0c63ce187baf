import Hummingbird
import RunSurgeCore

/// How groups come in: the code, then an archive for each member.
struct GroupIntakeRoutes: Sendable {
    let groups: any GroupStore
    let jobs: any JobStore
    let blobs: any BlobStore
    let code: CodeIntake
    let pieces: PieceIntake
    let quota: QuotaCheck
    let once: IdempotentAnswers

    private static let form = FileForm(
        description: ObjectSchema(
            name: "NewGroup",
            fields: [
                ObjectSchema.Field(name: "group_name", schema: .plain(1...Limits.nameBytes), isRequired: true),
                ObjectSchema.Field(
                    name: "num_of_jobs", schema: .integer(1...Int64(Limits.groupMembers)), isRequired: true,
                    note: "Archives that follow."),
                ObjectSchema.Field(
                    name: "python_file", schema: .bytes, isRequired: true, note: "Run once in each archive's folder."),
                ObjectSchema.Field(
                    name: "aggregator_file", schema: .bytes, isRequired: true,
                    note: "Three parts between the original system's marks, or `def aggregate(outputs)`."),
            ]),
        fileLimit: Limits.scriptBytes, largeFile: PythonFile.tooLarge)

    var endpoints: [Endpoint] {
        let access = GroupAccess(groups: groups)
        let member = [GroupAccess.id.description, GroupAccess.member.description, IdempotentAnswers.parameter]
        return [
            Endpoint(
                .post, "/api/group", id: "createGroup", .groups, "Takes a script and an aggregator; archives follow.",
                parameters: [IdempotentAnswers.parameter], body: .form(Self.form.schema),
                answers: [.json(GroupView.self, "The group with its members.")],
                refusals: PythonFile.refusals + CodeIntake.refusals + Refusal.quotas + [IdempotentAnswers.refusal],
                .user(create)),
            Endpoint(
                .post, "/api/group/{id}/{job_id}/upload-zip-file", id: "uploadArchive", .groups,
                "Takes a piece of a member's archive; the last one starts the member.", parameters: member,
                body: .form(PieceIntake.archiveForm.schema), answers: [.json(PieceView.self, "The piece is stored.")],
                refusals: Refusal.group + [Refusal.member] + PieceIntake.refusals, access.user(upload)),
            Endpoint(
                .post, "/api/group/{id}/{job_id}/retry", id: "retryMember", .groups,
                "Puts a new job in the place of a member that has not ended well.", parameters: member,
                answers: [.json(GroupMemberView.self, "The member with its new job.")],
                refusals: Refusal.group + Refusal.quotas + [
                    Refusal.member, IdempotentAnswers.refusal,
                    Refusal(.conflict, "not_failed", "The member has not ended, or has ended well."),
                    Refusal(.conflict, "group_cancelled", "The group was cancelled."),
                    Refusal(.conflict, "group_paid", "The group is paid for, and can't cost more."),
                ], access.user(retry)),
        ]
    }

    @Sendable private func create(_ call: Call, _ user: User) async throws -> Response {
        let content = try await pieces.turns.run(for: user.id) { try await Self.form.read(call, into: blobs) }
        let script = try PythonFile.entry("python_file", of: content)
        let aggregator = try PythonFile.entry("aggregator_file", of: content)
        let name = try content.name("group_name")
        let count = Int(try content.number("num_of_jobs"))
        return try await once.response(to: call, of: user.id, digest: content.digest) {
            try await quota.admit(user.id, jobs: count)
            try await quota.admit(user.id, files: [script.blob, aggregator.blob])
            return try await code.findings(in: .script(script)) + code.findings(in: .aggregator(aggregator))
        } view: { detail, findings in
            GroupView(detail, findings: findings)
        } effect: { idempotency, findings in
            var draft = JobSpecification(name: name, script: script)
            draft.kind = .complex
            draft.findings = findings
            let group = NewGroup(
                name: name, draft: draft, scriptName: JobPath.lastComponent(script.path),
                aggregatorName: JobPath.lastComponent(aggregator.path), aggregator: aggregator.blob, memberCount: count)
            return try await groups.createGroup(group, owner: user.id, idempotency: idempotency)
        }
    }

    @Sendable private func upload(_ call: Call, _ group: JobGroup) async throws -> Response {
        let id = call[GroupAccess.member]
        guard let job = try await jobs.job(id, owner: group.owner), job.group == group.id else {
            throw APIError.noSuchMember
        }
        return try await pieces.take(call, PieceIntake.archiveForm, for: job)
    }

    @Sendable private func retry(_ call: Call, _ group: JobGroup) async throws -> Response {
        let id = call[GroupAccess.member]
        do {
            return try await once.response(to: call, of: group.owner, digest: .ofNothing) {
                try await quota.admit(group.owner, jobs: 1)
            } view: { member, _ in
                GroupMemberView(member, amount: 0)
            } effect: { idempotency, _ in
                try await groups.retry(id, of: group.id, owner: group.owner, idempotency: idempotency)
            }
        } catch let refusal as GroupRefusal {
            throw Self.error(for: refusal)
        }
    }

    private static func error(for refusal: GroupRefusal) -> APIError {
        switch refusal {
        case .unknown: .noSuchMember
        case .notFailed:
            APIError(.conflict, "not_failed", "Only a member that has ended, and not well, can be run again.")
        case .cancelled: APIError(.conflict, "group_cancelled", "The group was cancelled; make a new one.")
        case .paid: APIError(.conflict, "group_paid", "The group is paid for, and can't cost more; make a new one.")
        }
    }
}
