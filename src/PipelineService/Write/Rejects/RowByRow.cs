using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Rejects;

/// <summary>A row that did not land. Diagnostics that do not apply are empty, not null.</summary>
/// <param name="State">Its SQLSTATE; empty for a row that a trigger let fall.</param>
internal readonly record struct MissedRow(int Index, string State, string Message, string Constraint, string Column)
{
    public bool IsOrphan => State == PostgresErrorCodes.ForeignKeyViolation;
}

/// <summary>
/// Inserts staged rows one by one and tells which of them did not land, each with its reason. What a row alone raises belongs to
/// the row, whatever its code, ASSERT included; errors that belong to somebody else end it. Where the code says that the table is
/// wrong, it is the row's only if others land: a permission that was taken away must not reject good rows.
/// </summary>
/// <remarks>
/// Of a refusal that PL/pgSQL catches there is no form without a subtransaction for each row, and one that stays counts until
/// the end of the transaction. So a few rows are tried at a time, all of them are undone, and those that landed are inserted
/// once more, as they are: that leaves none. It costs some 30 µs a row, so it is kept for doubts.
/// </remarks>
internal sealed class RowByRow(WriteSession session, TimeSpan patience)
{
    private const string Missed = "pg_temp.\"_pipeline_missed\"";

    /// <summary>
    /// Rows that are tried before they are undone: subtransactions at a time, of the 64 that a transaction may have.
    /// </summary>
    private const int TriedMax = 8;

    /// <summary>So many rows that the table is blamed for, before any has landed, and it is to blame.</summary>
    private const string BlamesMax = "32";

    /// <summary>
    /// The INSERT is prepared, so that it is planned once and not once a row. One that a call left behind when it was ended is
    /// of a staging table that is gone: no transaction takes a prepared statement along. Identifiers come in settings, because
    /// a block has no parameters.
    /// </summary>
    private const string Insert = $"""
        DO $_pipeline$
        DECLARE
            _numbers integer[];
            _places tid[];
            _states text[];
            _messages text[];
            _constraints text[];
            _columns text[];
            _state text;
            _message text;
            _constraint text;
            _column text;
            _has_landed boolean;
            _are_tried boolean;
            _has_any_landed boolean := false;
            _blames integer := 0;
            _blame_state text;
            _blame_message text;
        BEGIN
            IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE name = 'pipeline_insert_one') THEN
                DEALLOCATE pipeline_insert_one;
            END IF;
            EXECUTE current_setting('pipeline.insert_one');
            FOR _numbers, _places IN EXECUTE current_setting('pipeline.rows') LOOP
                _states := NULL;
                _are_tried := false;
                BEGIN
                    FOR i IN 1 .. cardinality(_places) LOOP
                        BEGIN
                            EXECUTE format('EXECUTE pipeline_insert_one (%L)', _places[i]) INTO _has_landed;
                            IF _has_landed IS NULL THEN
                                _states[i] := '';
                            END IF;
                        EXCEPTION WHEN OTHERS OR assert_failure THEN
                            GET STACKED DIAGNOSTICS
                                _state = RETURNED_SQLSTATE, _message = MESSAGE_TEXT,
                                _constraint = CONSTRAINT_NAME, _column = COLUMN_NAME;
                            IF _state ~ '{SqlFaults.NoRowPattern}' THEN
                                _blames := _blames + 1;
                                _blame_state := _state;
                                _blame_message := _message;
                                IF _state !~ '{SqlFaults.OfSomeRowsPattern}'
                                    OR (NOT _has_any_landed AND _blames >= {BlamesMax}) THEN
                                    RAISE;
                                END IF;
                            END IF;
                            _states[i] := _state;
                            _messages[i] := _message;
                            _constraints[i] := _constraint;
                            _columns[i] := _column;
                        END;
                    END LOOP;
                    _are_tried := true;
                    RAISE EXCEPTION 'Undo.' USING ERRCODE = 'PL002';
                EXCEPTION WHEN SQLSTATE 'PL002' THEN
                    IF NOT _are_tried THEN
                        RAISE;
                    END IF;
                END;
                FOR i IN 1 .. cardinality(_places) LOOP
                    IF coalesce(_states[i], '') = '' THEN
                        EXECUTE format('EXECUTE pipeline_insert_one (%L)', _places[i]) INTO _has_landed;
                        IF _has_landed IS DISTINCT FROM (CASE WHEN _states[i] IS NULL THEN true END) THEN
                            RAISE EXCEPTION 'A row landed once, and once it did not.' USING ERRCODE = 'PL003';
                        END IF;
                        _has_any_landed := _has_any_landed OR coalesce(_has_landed, false);
                        CONTINUE WHEN _has_landed;
                        _messages[i] := '';
                        _constraints[i] := '';
                        _columns[i] := '';
                    END IF;
                    INSERT INTO {Missed} VALUES (_numbers[i], _states[i], _messages[i], _constraints[i], _columns[i]);
                END LOOP;
            END LOOP;
            DEALLOCATE pipeline_insert_one;
            IF _blames > 0 AND NOT _has_any_landed THEN
                RAISE EXCEPTION '%', _blame_message USING ERRCODE = _blame_state;
            END IF;
        END $_pipeline$
        """;

    /// <param name="insert">The INSERT of the row that lies at a place (<c>$1</c>, a ctid) of the staging table.</param>
    /// <param name="staged">The staging table, with the numbers of the rows. SQL.</param>
    /// <param name="order">The numbers of the rows, in the order in which they are to be inserted.</param>
    public async Task<List<MissedRow>> InsertAsync(
        string insert, string staged, IReadOnlyList<int> order, CancellationToken cancellationToken)
    {
        string prepare = $"PREPARE pipeline_insert_one (tid) AS {insert} RETURNING true";
        string rows = $$"""
            SELECT array_agg(o.number ORDER BY o.place), array_agg(s.ctid ORDER BY o.place)
            FROM unnest('{{{string.Join(',', order)}}}'::integer[]) WITH ORDINALITY o (number, place)
            JOIN {{staged}} s ON s.{{session.Constraints.NumberColumn}} = o.number
            GROUP BY (o.place - 1) / {{TriedMax}} ORDER BY min(o.place)
            """;
        await session.ExecuteAsync(
            [
                new($"DROP TABLE IF EXISTS {Missed}"),
                new($"""
                    CREATE TEMPORARY TABLE {Missed}
                    (number integer, state text, message text, "constraint" text, "column" text) ON COMMIT DROP
                    """),
                new("SELECT set_config('pipeline.insert_one', $1, true), set_config('pipeline.rows', $2, true)")
                {
                    Parameters = { new() { Value = prepare }, new() { Value = rows } },
                },
                new(Insert),
            ],
            cancellationToken);
        return await ReadMissedAsync(cancellationToken);
    }

    private async Task<List<MissedRow>> ReadMissedAsync(CancellationToken cancellationToken)
    {
        List<MissedRow> missed = [];
        await using NpgsqlCommand command = new(
            $"""SELECT number, state, message, "constraint", "column" FROM {Missed} ORDER BY number""", session.Connection);
        command.CommandTimeout = (int)patience.TotalSeconds;
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            missed.Add(new MissedRow(
                reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4)));
        }

        return missed;
    }
}
