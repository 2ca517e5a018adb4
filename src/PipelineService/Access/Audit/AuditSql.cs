using Npgsql;
using NpgsqlTypes;

namespace PipelineService.Access.Audit;

/// <summary>The SQL that writes entries. An entry that is there already is left as it is.</summary>
internal static class AuditSql
{
    private const string Columns = "id, at, actor, action, object, dataset, outcome, ip, detail";

    /// <summary>One, as part of a text of several statements: see <see cref="ValuesOf"/>.</summary>
    public const string Insert = $"""
        INSERT INTO pipeline.audit ({Columns})
        VALUES (@AuditId, @AuditAt, @AuditActor, @AuditAction, @AuditObject, @AuditDataset, @AuditOutcome, @AuditAddress::inet,
                @AuditDetail::jsonb)
        ON CONFLICT (id) DO NOTHING
        """;

    private const string InsertAll = $"""
        INSERT INTO pipeline.audit ({Columns})
        SELECT id, at, actor, action, object, dataset, outcome, ip::inet, detail::jsonb
        FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
            entry ({Columns})
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>Any number of them in one statement, whose text is always the same.</summary>
    public static NpgsqlBatchCommand InsertOf(IReadOnlyList<AuditEntry> entries) => new(InsertAll)
    {
        Parameters =
        {
            Array(NpgsqlDbType.Uuid, entries, entry => entry.Id),
            Array(NpgsqlDbType.TimestampTz, entries, entry => entry.At),
            Array(NpgsqlDbType.Text, entries, entry => entry.Actor),
            Array(NpgsqlDbType.Text, entries, entry => entry.Action),
            Array(NpgsqlDbType.Text, entries, entry => entry.Object),
            Array(NpgsqlDbType.Text, entries, entry => entry.Dataset),
            Array(NpgsqlDbType.Text, entries, entry => entry.Outcome),
            Array(NpgsqlDbType.Text, entries, entry => entry.Address),
            Array(NpgsqlDbType.Text, entries, entry => entry.Detail),
        },
    };

    /// <summary>What <see cref="Insert"/> is given.</summary>
    public static object ValuesOf(AuditEntry entry) => new
    {
        AuditId = entry.Id,
        AuditAt = entry.At,
        AuditActor = entry.Actor,
        AuditAction = entry.Action,
        AuditObject = entry.Object,
        AuditDataset = entry.Dataset,
        AuditOutcome = entry.Outcome,
        AuditAddress = entry.Address,
        AuditDetail = entry.Detail,
    };

    private static NpgsqlParameter Array<T>(NpgsqlDbType type, IReadOnlyList<AuditEntry> entries, Func<AuditEntry, T> valueOf) =>
        new() { Value = entries.Select(valueOf).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
