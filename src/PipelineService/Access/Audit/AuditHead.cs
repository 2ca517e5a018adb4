using System.Globalization;
using Dapper;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Audit;

/// <summary>
/// The end of the chain at a time. Kept somewhere else it is an anchor: nothing up to it can be changed, reordered or cut off without
/// being found.
/// </summary>
/// <param name="Seq">The place of the last linked entry, from 1; 0 when there is none.</param>
/// <param name="Hash">Its hash, 64 hexadecimal digits, which covers all before it.</param>
/// <param name="Count">Entries in the chain.</param>
/// <param name="At">When it was looked at.</param>
/// <param name="Unlinked">Entries that are written and not in the chain yet: those of the last half second.</param>
public sealed record AuditHead(long Seq, string Hash, long Count, DateTimeOffset At, long Unlinked)
{
    /// <summary>Both in one text, as `audit verify --head` takes it.</summary>
    public string Anchor => $"{Seq.ToString(CultureInfo.InvariantCulture)}:{Hash}";
}

/// <summary>Reads the head of the chain.</summary>
public sealed class AuditHeads(Database database, AuditChain chain, TimeProvider time)
{
    /// <summary>Seqs count from the first link, which may have been removed with the oldest entries.</summary>
    private const string Read = """
        SELECT l.seq, l.hash, l.seq - (SELECT f.seq FROM pipeline.audit_links f ORDER BY f.seq LIMIT 1) + 1 AS count
        FROM pipeline.audit_links l ORDER BY l.seq DESC LIMIT 1
        """;

    public async Task<AuditHead> ReadAsync(CancellationToken cancellationToken)
    {
        (long Seq, byte[]? Hash, long Count) last = await database.RunAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<(long, byte[]?, long)>(
                new CommandDefinition(Read, cancellationToken: token)),
            cancellationToken);
        return new AuditHead(
            last.Seq, Convert.ToHexStringLower(last.Hash ?? AuditHash.Beginning), last.Count, time.GetDatabaseNow(), chain.Unlinked);
    }
}
