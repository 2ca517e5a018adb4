using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Rejects;

/// <summary>
/// Finds the values that their column's own type refuses: what COPY tells of one row, by failing, is told of all of them here,
/// with the column and PostgreSQL's reason. Nothing else decides about such a row: no trigger sees it before the type does.
/// </summary>
/// <remarks>
/// Only PL/pgSQL catches what an input function raises. Each row costs a subtransaction that writes nothing, some microseconds
/// in all, so this is for pieces that were refused.
/// </remarks>
internal sealed class ValueScreen(WriteSession session, TimeSpan patience)
{
    private const string Sent = "pg_temp.\"_pipeline_values\"";
    private const string Refused = "pg_temp.\"_pipeline_values_refused\"";

    /// <summary>Characters of a message: it may hold the value.</summary>
    private const int MessageLengthMax = 2_000;

    /// <summary>The rows with such a value, each with the first one.</summary>
    /// <param name="piece">0-based indexes of the rows to look at, ascending.</param>
    /// <exception cref="PostgresException">It cannot be told, because something else is in the way.</exception>
    public async Task<List<RejectedRow>> FindAsync(
        RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        IReadOnlyList<ReadColumn> columns = session.Constraints.ReadColumns;
        await session.ExecuteAsync(
            [
                new($"DROP TABLE IF EXISTS {Sent}, {Refused}"),
                new($"CREATE TEMPORARY TABLE {Sent} (n integer, {List(columns, (c, i) => $"c{i} {c.Field.SentType}")}) ON COMMIT DROP"),
                new($"CREATE TEMPORARY TABLE {Refused} (n integer, place integer, state text, message text) ON COMMIT DROP"),
            ],
            cancellationToken);
        await session.Copy.SendNumberedAsync(
            WriteSql.Copy(Sent, $"n, {List(columns, (_, i) => $"c{i}")}"),
            rows,
            piece,
            [.. columns.Select(c => c.Index)],
            cancellationToken);
        await session.ExecuteAsync([new(ReadEach(columns))], cancellationToken);
        return await ReadRefusedAsync(columns, piece.Count, cancellationToken);
    }

    /// <summary>
    /// Where the code says that something else than the value is wrong and no row gets by, it may be right: then nobody is
    /// blamed here, and inserting the rows decides.
    /// </summary>
    private async Task<List<RejectedRow>> ReadRefusedAsync(
        IReadOnlyList<ReadColumn> columns, int count, CancellationToken cancellationToken)
    {
        List<RejectedRow> refused = [];
        int suspects = 0;
        await using NpgsqlCommand command = new(
            $"SELECT n, place, state, message FROM {Refused} ORDER BY n", session.Connection);
        command.CommandTimeout = (int)patience.TotalSeconds;
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            string state = reader.GetString(2);
            suspects += IsSuspect(state) ? 1 : 0;
            refused.Add(session.Constraints.Words.OfValue(
                reader.GetInt32(0), state, reader.GetString(3), columns[reader.GetInt32(1)].Field.Name));
        }

        return suspects == count ? [] : refused;
    }

    /// <summary>Of the codes that are mostly a statement's, some are what types say of their text.</summary>
    private static bool IsSuspect(string state) =>
        SqlFaults.Of(state) == SqlFault.Statement
        && state is not (PostgresErrorCodes.SyntaxError or PostgresErrorCodes.InvalidName or PostgresErrorCodes.NameTooLong);

    private static string ReadEach(IReadOnlyList<ReadColumn> columns) => $"""
        DO $_pipeline$
        DECLARE
            _sent record;
            _place integer;
            _state text;
            _message text;
        BEGIN
            FOR _sent IN SELECT * FROM {Sent} ORDER BY n LOOP
                BEGIN
                    {List(columns, (c, i) => $"_place := {i}; PERFORM {c.Read($"_sent.c{i}")};", "\n            ")}
                EXCEPTION WHEN OTHERS OR assert_failure THEN
                    GET STACKED DIAGNOSTICS _state = RETURNED_SQLSTATE, _message = MESSAGE_TEXT;
                    IF _state ~ '{SqlFaults.PassingPattern}' THEN
                        RAISE;
                    END IF;
                    INSERT INTO {Refused} VALUES (_sent.n, _place, _state, left(_message, {MessageLengthMax}));
                END;
            END LOOP;
        END $_pipeline$
        """;

    private static string List(
        IReadOnlyList<ReadColumn> columns, Func<ReadColumn, int, string> text, string separator = ", ") =>
        string.Join(separator, columns.Select(text));
}
