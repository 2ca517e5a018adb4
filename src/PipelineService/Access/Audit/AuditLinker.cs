using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Audit;

/// <summary>What a round came to.</summary>
/// <param name="Linked">Entries that it has linked.</param>
/// <param name="Unlinked">Entries that are left; counted up to a bound.</param>
internal readonly record struct LinkRound(int Linked, long Unlinked);

/// <summary>
/// Links entries that have come to be visible, in bounded rounds of one transaction each: 1. the lock, which one linker of the database
/// has, 2. the tail, read after the lock was taken, 3. what came since, 4. its links. A round that died is as if it had never been.
/// </summary>
internal sealed class AuditLinker(Database database)
{
    /// <summary>Entries of a round.</summary>
    public const int BatchMax = 5_000;

    /// <summary>Unlinked entries that are counted.</summary>
    public const int CountMax = 100_000;

    public Task<LinkRound> LinkAsync(CancellationToken cancellationToken, int batchMax = BatchMax) => database.RunAsync(
        (connection, token) => LinkAsync(connection, batchMax, token), cancellationToken);

    private static async Task<LinkRound> LinkAsync(NpgsqlConnection connection, int batchMax, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand tryLock = new(AuditChainSql.TryLock, connection);
        bool isOurs = (bool)(await tryLock.ExecuteScalarAsync(cancellationToken))!;
        Tail tail = await TailAsync(connection, cancellationToken);
        if (!isOurs)
        {
            return new LinkRound(0, await CountAsync(connection, tail, cancellationToken));
        }

        List<Found> found = await FindAsync(connection, tail, batchMax, cancellationToken);
        if (found.Count == 0)
        {
            return default;
        }

        FaultPoints.Reach(FaultPoint.AuditLinking);
        await using NpgsqlBatch append = new(connection);
        append.BatchCommands.Add(Append(tail, found, SeenAfter(tail, found, isAll: found.Count < batchMax)));
        await append.ExecuteNonQueryAsync(cancellationToken);
        long unlinked = found.Count < batchMax ? 0 : await CountAsync(connection, tail, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        FaultPoints.Reach(FaultPoint.AuditLinked);
        return new LinkRound(found.Count, unlinked);
    }

    private static async Task<Tail> TailAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(AuditChainSql.Tail, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return TailOf(reader);
    }

    private static Tail TailOf(NpgsqlDataReader reader)
    {
        var now = AuditSnapshot.Parse(reader.GetString(3));
        if (reader.IsDBNull(0))
        {
            return new Tail(0, AuditHash.Beginning, Seen: null, IsKnown: false);
        }

        AuditSnapshot? seen = reader.IsDBNull(2) ? null : AuditSnapshot.Parse(reader.GetString(2));
        return new Tail(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1), seen, IsKnown: seen?.Next <= now.Next);
    }

    private static async Task<List<Found>> FindAsync(
        NpgsqlConnection connection, Tail tail, int batchMax, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = tail.IsKnown
            ? new NpgsqlCommand(AuditChainSql.FindSince, connection)
            : new NpgsqlCommand(AuditChainSql.FindAll, connection) { CommandTimeout = 0 };
        AddSince(command, tail);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = batchMax });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Found> found = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new Found(
                StoredEntries.Read(reader), ulong.Parse(reader.GetString(9), CultureInfo.InvariantCulture), reader.GetString(10)));
        }

        return found;
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, Tail tail, CancellationToken cancellationToken)
    {
        if (!tail.IsKnown)
        {
            return 0; // whoever has the lock reads all of them now
        }

        await using NpgsqlCommand command = new(AuditChainSql.CountSince, connection);
        AddSince(command, tail);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = CountMax });
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static void AddSince(NpgsqlCommand command, Tail tail)
    {
        if (tail is { IsKnown: true, Seen: { } seen })
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = TextOf(seen.Next) });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. seen.Open.Select(TextOf)] });
        }
    }

    /// <summary>
    /// What is linked after the round: all that its statement saw, or what it saw of transactions below the last that it took.
    /// </summary>
    private static AuditSnapshot? SeenAfter(Tail tail, List<Found> found, bool isAll)
    {
        var visible = AuditSnapshot.Parse(found[^1].Visible);
        return isAll ? visible
            : tail is { IsKnown: true, Seen: { } seen } ? found[^1].Transaction >= seen.Next ? visible.Below(found[^1].Transaction) : seen
            : tail.Seen;
    }

    private static NpgsqlBatchCommand Append(Tail tail, List<Found> found, AuditSnapshot? seen)
    {
        byte[][] hashes = new byte[found.Count + 1][];
        hashes[0] = tail.Hash;
        for (int i = 0; i < found.Count; i++)
        {
            hashes[i + 1] = AuditHash.Of(hashes[i], found[i].Entry);
        }

        string?[] snapshots = new string?[found.Count];
        snapshots[^1] = seen?.ToString();
        return new NpgsqlBatchCommand(AuditChainSql.Append)
        {
            Parameters =
            {
                Array(NpgsqlDbType.Bigint, Enumerable.Range(1, found.Count).Select(i => tail.Seq + i).ToArray()),
                Array(NpgsqlDbType.Uuid, found.Select(one => one.Entry.Id).ToArray()),
                Array(NpgsqlDbType.Bytea, hashes[..^1]),
                Array(NpgsqlDbType.Bytea, hashes[1..]),
                Array(NpgsqlDbType.Text, snapshots),
            },
        };
    }

    private static NpgsqlParameter Array(NpgsqlDbType type, object values) =>
        new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type };

    private static string TextOf(ulong transaction) => transaction.ToString(CultureInfo.InvariantCulture);

    /// <param name="Seen">What had been linked with it.</param>
    /// <param name="IsKnown">
    /// Whether that can be told by the transactions of this server: not at the first entry, and not where the database was restored into
    /// a server that has counted fewer.
    /// </param>
    private sealed record Tail(long Seq, byte[] Hash, AuditSnapshot? Seen, bool IsKnown);

    /// <param name="Visible">The snapshot in which it was found.</param>
    private sealed record Found(StoredEntry Entry, ulong Transaction, string Visible);
}
