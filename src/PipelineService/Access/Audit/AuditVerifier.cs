using System.Data;
using System.Globalization;
using Npgsql;

namespace PipelineService.Access.Audit;

/// <summary>What became of a verification.</summary>
/// <param name="Fault">The first place at which the chain is broken, in words; null when it is whole.</param>
/// <param name="Entries">Entries that were found in order.</param>
/// <param name="Head">The last of them; null when there is none.</param>
/// <param name="Unlinked">Entries that have no link yet; null where the chain is broken, and nobody can tell.</param>
public sealed record AuditVerdict(string? Fault, long Entries, AuditAnchor? Head, long? Unlinked);

/// <summary>
/// Reads the chain from its beginning and computes every hash anew, in one snapshot of the database and in constant memory. Nothing that
/// the chain says of itself is believed but the anchors from outside.
/// </summary>
public sealed class AuditVerifier(NpgsqlDataSource database)
{
    /// <summary>
    /// In the order of the links, with one look at the entry for each: joined in any other way, PostgreSQL would have to sort all of it.
    /// </summary>
    private const string Settings =
        "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off; SET LOCAL jit = off";

    private const string Links = """
        SELECT l.seq, l.audit_id, l.prev, l.hash, a.id, a.at, a.actor, a.action, a.object, a.dataset, a.outcome, host(a.ip), a.detail::text
        FROM pipeline.audit_links l LEFT JOIN pipeline.audit a ON a.id = l.audit_id
        ORDER BY l.seq
        """;

    private const string Count = "SELECT count(*) FROM pipeline.audit";

    private const int EntryColumn = 4;

    /// <param name="head">An end that the chain had: it must still go through it.</param>
    /// <param name="start">The link before the first, where the oldest entries were removed; null: the first is number 1.</param>
    public async Task<AuditVerdict> VerifyAsync(AuditAnchor? head, AuditAnchor? start, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction =
            await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        // First: those that have a link are counted on the way.
        await using NpgsqlCommand count = new(Count, connection) { CommandTimeout = 0 };
        long entries = (long)(await count.ExecuteScalarAsync(cancellationToken))!;
        await using NpgsqlCommand settings = new(Settings, connection);
        await settings.ExecuteNonQueryAsync(cancellationToken);
        Walk walk = new(head, start);
        await using NpgsqlCommand links = new(Links, connection) { CommandTimeout = 0 };
        await using NpgsqlDataReader reader = await links.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (walk.FaultOf(reader) is { } fault)
            {
                links.Cancel(); // the rest is not wanted
                return walk.VerdictOf(fault, entries);
            }
        }

        return walk.VerdictOf(walk.FaultAtTheEnd(), entries);
    }

    /// <summary>The way along the chain: the number and the hash that the next link must follow.</summary>
    private sealed class Walk(AuditAnchor? head, AuditAnchor? start)
    {
        private readonly long _begin = start?.Seq ?? 0;
        private long _seq = start?.Seq ?? 0;
        private byte[] _hash = start is null ? [.. AuditHash.Beginning] : Convert.FromHexString(start.Hash);
        private byte[] _next = new byte[AuditHash.Bytes];
        private readonly byte[] _stored = new byte[AuditHash.Bytes];
        private readonly CanonicalRow _row = new();

        /// <summary>What is wrong with the next link; null: nothing.</summary>
        public string? FaultOf(NpgsqlDataReader reader)
        {
            long seq = reader.GetInt64(0);
            Guid id = reader.GetGuid(1);
            bool follows = IsStored(reader, 2, _hash);
            reader.GetBytes(3, 0, _stored, 0, AuditHash.Bytes);
            if (seq != _seq + 1)
            {
                return seq <= _seq ? Text($"Link {seq} lies before the start that was given.")
                    : _seq == _begin ? Text($"Link {_seq + 1} is missing: the chain begins with link {seq}.")
                    : Text($"Link {_seq + 1} is missing: after {_seq} comes link {seq}.");
            }

            if (!follows)
            {
                return Text($"Link {seq} does not follow the one before: links were reordered, removed or made anew there.");
            }

            if (reader.IsDBNull(EntryColumn))
            {
                return Text($"The entry {id} of link {seq} was deleted.");
            }

            _row.Hash(_hash, reader, EntryColumn, _next);
            if (!_next.AsSpan().SequenceEqual(_stored))
            {
                return Text($"The entry {id} of link {seq} was changed, or is not the one that was linked there.");
            }

            if (seq == head?.Seq && Convert.ToHexStringLower(_next) != head.Hash)
            {
                return Text($"Link {seq} has another hash than the head that was given: the chain was made anew, there or before.");
            }

            (_seq, _hash, _next) = (seq, _next, _hash);
            return null;
        }

        public string? FaultAtTheEnd() =>
            head is null ? null
            : head.Seq > _seq ? Text($"The chain ends at link {_seq}, and it went on to {head.Seq}: its tail was cut off.")
            : head.Seq <= _begin && head != start && head.Seq != 0
                ? Text($"The head that was given, {head.Seq}, lies before the start, {_begin}: it cannot be compared.")
            : null;

        /// <param name="entries">How many there are, linked or not.</param>
        public AuditVerdict VerdictOf(string? fault, long entries) => new(
            fault,
            _seq - _begin,
            _seq == 0 ? null : new AuditAnchor(_seq, Convert.ToHexStringLower(_hash)),
            fault is null ? entries - (_seq - _begin) : null);

        private bool IsStored(NpgsqlDataReader reader, int column, byte[] expected) =>
            reader.GetBytes(column, 0, null, 0, 0) == AuditHash.Bytes
            && reader.GetBytes(column, 0, _stored, 0, AuditHash.Bytes) == AuditHash.Bytes
            && _stored.AsSpan().SequenceEqual(expected);

        private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
