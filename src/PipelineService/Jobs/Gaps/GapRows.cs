using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Gaps;

/// <summary>A stored row that lacks something.</summary>
/// <param name="Record">Its record.</param>
/// <param name="Place">Where it is in the table now.</param>
/// <param name="Input">What the service is asked of it; null where it has not all the values for that.</param>
internal sealed record GapedRow(long Record, string Place, byte[]? Input);

/// <summary>Reads the rows that lack something, and gives them what the service has answered, with the gap in one transaction.</summary>
public sealed class GapRows(Database database)
{
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);

    /// <summary>The rows of some records, as far as they are there.</summary>
    internal Task<Dictionary<long, GapedRow>> ReadAsync(
        Guid job, TableName table, GapFill fill, long[] records, CancellationToken cancellationToken) => database.RunPatientlyAsync(
            async (connection, token) =>
            {
                Dictionary<long, GapedRow> rows = new(records.Length);
                await using NpgsqlCommand command = new(GapSql.Rows(table, fill), connection) { CommandTimeout = 0 };
                command.Parameters.Add(new() { Value = job });
                command.Parameters.Add(new() { Value = records });
                TypedKind[] kinds = [.. fill.Inputs.Select(field => FieldKinds.Of(field)!.Value)];
                await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(token);
                while (await reader.ReadAsync(token))
                {
                    long record = reader.GetInt64(1);
                    rows[record] = new GapedRow(record, reader.GetString(0), InputOf(reader, kinds, fill));
                }

                return rows;
            },
            cancellationToken);

    /// <summary>Writes what became of some gaps, and the rows that are filled.</summary>
    /// <param name="answers">By the record what the service has answered; none for a row that is gone.</param>
    /// <returns>How many are filled, and how many are dealt with.</returns>
    internal Task<(long Filled, long Settled)> WriteAsync(
        Guid job, int op, TableName table, GapFill fill, IReadOnlyList<(long Record, GapedRow? Row, ServiceAnswer Answer)> answers,
        CancellationToken cancellationToken) => database.RunPatientlyAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
                long[] records = [.. answers.Select(answer => answer.Record)];
                HashSet<long> ours = [.. await connection.QueryAsync<long>(Command(GapSql.Lock, new { job, op = (short)op, records }))];
                Settlement settled = new();
                List<FilledRow> fills = Sort(answers.Where(answer => ours.Contains(answer.Record)), fill, settled);
                await UpdateAsync(connection, job, table, fill, fills, settled, token);
                if (settled.Filled > 0)
                {
                    string[] fields = [.. fill.Sets.Select(field => field.Name)];
                    await ViewRows.DoubtAsync(connection, table, fields, "Gaps of its rows were filled.", token);
                }

                await connection.ExecuteAsync(Command(
                    GapSql.Settle,
                    new { job, op = (short)op, records = settled.Records.ToArray(), states = settled.States.ToArray(), reasons = settled.Reasons.ToArray() }));
                await connection.ExecuteAsync(Command(GapSql.Fewer, new { job, filled = settled.Closed }));
                FaultPoints.Reach(FaultPoint.GapsFilling);
                await transaction.CommitAsync(token);
                FaultPoints.Reach(FaultPoint.GapsFilled);
                return (settled.Filled, (long)settled.Records.Count);

                CommandDefinition Command(string sql, object values) => new(sql, values, transaction, cancellationToken: token);
            },
            cancellationToken);

    /// <summary>Settles what needs no change of a row.</summary>
    private static List<FilledRow> Sort(
        IEnumerable<(long Record, GapedRow? Row, ServiceAnswer Answer)> answers, GapFill fill, Settlement settled)
    {
        List<FilledRow> fills = [];
        int sets = fill.Sets.Count();
        foreach ((long record, GapedRow? row, ServiceAnswer answer) in answers)
        {
            if (row is null)
            {
                settled.Add(record, "gone", reason: null);
                continue;
            }

            string?[] texts = new string?[sets];
            RecordErrorCode code = answer.Code == RecordErrorCode.None ? fill.Read(answer.Output!, texts) : answer.Code;
            if (code == RecordErrorCode.None)
            {
                fills.Add(new FilledRow(record, row.Place, texts));
            }
            else if (code == RecordErrorCode.EnrichmentMissing && fill.Missing != OnMissing.Reject)
            {
                settled.Add(record, "filled", reason: null); // nothing is known, and that is what the row says
            }
            else
            {
                settled.Add(record, "open", RecordErrorCodes.NameOf(code));
            }
        }

        return fills;
    }

    /// <summary>In parts, where the table refuses one: that one stays open.</summary>
    private static async Task UpdateAsync(
        NpgsqlConnection connection, Guid job, TableName table, GapFill fill, List<FilledRow> fills, Settlement settled,
        CancellationToken cancellationToken)
    {
        Stack<List<FilledRow>> parts = new();
        parts.Push(fills);
        while (parts.TryPop(out List<FilledRow>? part))
        {
            if (part.Count == 0)
            {
                continue;
            }

            await connection.ExecuteAsync(new CommandDefinition("SAVEPOINT gaps", cancellationToken: cancellationToken));
            try
            {
                foreach (long record in await UpdateAsync(connection, job, table, fill, part, cancellationToken))
                {
                    settled.Add(record, "filled", reason: null);
                }

                await connection.ExecuteAsync(new CommandDefinition("RELEASE SAVEPOINT gaps", cancellationToken: cancellationToken));
            }
            catch (PostgresException e) when (SqlFaults.Of(e) is SqlFault.Row or SqlFault.Statement)
            {
                await connection.ExecuteAsync(new CommandDefinition(
                    "ROLLBACK TO SAVEPOINT gaps; RELEASE SAVEPOINT gaps", cancellationToken: cancellationToken));
                if (part.Count == 1)
                {
                    settled.Add(part[0].Record, "open", RecordErrorCodes.NameOf(RecordErrorCode.Database));
                    continue;
                }

                parts.Push(part[(part.Count / 2)..]);
                parts.Push(part[..(part.Count / 2)]);
            }
        }
    }

    private static async Task<List<long>> UpdateAsync(
        NpgsqlConnection connection, Guid job, TableName table, GapFill fill, List<FilledRow> rows, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(GapSql.Update(table, fill), connection);
        command.Parameters.Add(new() { Value = job });
        command.Parameters.Add(new() { Value = rows.Select(row => row.Record).ToArray() });
        command.Parameters.Add(new() { Value = rows.Select(row => row.Place).ToArray() });
        for (int i = 0; i < rows[0].Texts.Length; i++)
        {
            int field = i;
            command.Parameters.Add(new() { Value = rows.Select(row => row.Texts[field]).ToArray() });
        }

        List<long> changed = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            changed.Add(reader.GetInt64(0));
        }

        return changed;
    }

    private static byte[]? InputOf(NpgsqlDataReader reader, TypedKind[] kinds, GapFill fill)
    {
        var values = new TypedValue[kinds.Length];
        for (int i = 0; i < kinds.Length; i++)
        {
            int column = i + 2;
            if (reader.IsDBNull(column))
            {
                return null; // somebody has taken it away
            }

            TypedValue value = new() { Kind = kinds[i] };
            switch (kinds[i])
            {
                case TypedKind.Integer:
                    value.Word = reader.GetInt64(column);
                    break;
                case TypedKind.Number:
                    value.Number = reader.GetDecimal(column);
                    break;
                case TypedKind.Float:
                    value.Float = reader.GetDouble(column);
                    break;
                case TypedKind.Boolean:
                    value.Word = reader.GetBoolean(column) ? 1 : 0;
                    break;
                case TypedKind.Date:
                    value.Word = reader.GetFieldValue<DateOnly>(column).DayNumber - DateOnly.FromDateTime(Epoch).DayNumber;
                    break;
                case TypedKind.LocalDateTime or TypedKind.DateTime:
                    value.Word = (reader.GetDateTime(column).Ticks - Epoch.Ticks) / TimeSpan.TicksPerMicrosecond;
                    break;
                default:
                    value.Text = TextSlice.Of(reader.GetString(column));
                    break;
            }

            values[i] = value;
        }

        return fill.InputOf(values);
    }

    private sealed record FilledRow(long Record, string Place, string?[] Texts);

    /// <summary>What became of gaps.</summary>
    private sealed class Settlement
    {
        public List<long> Records { get; } = [];

        public List<string> States { get; } = [];

        public List<string?> Reasons { get; } = [];

        public long Filled { get; private set; }

        /// <summary>Those that are no gaps any more.</summary>
        public long Closed { get; private set; }

        public void Add(long record, string state, string? reason)
        {
            Records.Add(record);
            States.Add(state);
            Reasons.Add(reason);
            Filled += state == "filled" ? 1 : 0;
            Closed += state == "open" ? 0 : 1;
        }
    }
}
