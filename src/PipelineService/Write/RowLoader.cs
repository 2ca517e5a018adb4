using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write;

/// <summary>
/// Loads the rows of a chunk through one session: in one COPY as long as that mostly succeeds, else in the way that finds the
/// rows which PostgreSQL refuses. What a piece of the rows meets costs that piece: it is rolled back and taken apart.
/// </summary>
/// <remarks>
/// A job that has met a refusal leaves out the rows that may repeat one of its own keys, and one that meets refusals which
/// nothing foretold has its rows screened first. Each piece lies under a savepoint of its own, so that a refusal costs the
/// work of a piece and never that of the rows before.
/// </remarks>
public sealed partial class RowLoader(WriteSession session, JobLoad load, WriteOptions options, ILogger logger)
{
    /// <summary>
    /// So many rows that each fail alone for a reason that is no row's, before any row has landed, and the reason is the table's.
    /// </summary>
    private const int SuspectsMax = 32;

    private readonly RefusalForecast _forecast = load.Refusals;
    private readonly RowSender _sender = new(session, load.Plan.Rows);

    private RowBuffer _rows = new();
    private RowOutcome _outcome = new();
    private int[] _repeats = [];
    private bool _hasLanded;
    private int _suspects;

    private delegate Task Way(ArraySegment<int> piece, CancellationToken cancellationToken);

    /// <summary>Loads what the database accepts. The transaction afterwards holds the accepted rows.</summary>
    /// <param name="repeats">0-based indexes of the rows that may repeat a key of the job, ascending.</param>
    /// <exception cref="JobFaultException">The table takes none of the rows.</exception>
    /// <exception cref="ChunkTooSlowException">One row alone takes too long, or two together.</exception>
    /// <exception cref="TableHeldException">One row alone waits for somebody.</exception>
    public async Task<RowOutcome> LoadAsync(RowBuffer rows, int[] repeats, CancellationToken cancellationToken)
    {
        (_rows, _outcome, _repeats, _hasLanded, _suspects) = (rows, new RowOutcome(), repeats, false, 0);
        bool isScreened = !_forecast.AreForetold;
        Way way = _forecast.EndSessions ? Read(OneByOneAsync) : isScreened ? Read(ScreenedAsync) : TogetherAsync;
        int[] all = [.. Enumerable.Range(0, rows.Count)];
        for (int first = 0, count; first < all.Length; first += count)
        {
            count = Math.Min(load.RowsAtOnceMax, all.Length - first);
            await LoadAsync(new(all, first, count), way, cancellationToken);
        }

        if (isScreened)
        {
            _forecast.Screened(_outcome.Refused.Count > 0);
        }

        _outcome.Sort();
        return _outcome;
    }

    /// <summary>
    /// Loads a piece in some way. One that takes too long or waits for somebody is halved: that is neither its rows' fault nor
    /// a reason to begin the job anew. Where not even two rows fit into the time limit a load would go on for days, and holds
    /// its sessions meanwhile: it ends.
    /// </summary>
    private async Task LoadAsync(ArraySegment<int> piece, Way way, CancellationToken cancellationToken)
    {
        if (piece.Count == 0)
        {
            return;
        }

        await session.BeginPieceAsync(cancellationToken);
        try
        {
            await way(piece, cancellationToken);
        }
        catch (PostgresException e) when (session.CanRollBack && SqlFaults.Of(e) == SqlFault.Busy)
        {
            await session.RollbackPieceAsync(cancellationToken);
            bool isTooSlow = e.SqlState == PostgresErrorCodes.QueryCanceled;
            if (piece.Count == 1)
            {
                throw isTooSlow
                    ? TooSlow($"Record {_rows.Marks[piece[0]].Record} alone takes", e)
                    : Held(piece[0], e);
            }

            if (isTooSlow)
            {
                load.RowsAtOnceMax = Math.Min(load.RowsAtOnceMax, (piece.Count + 1) / 2);
            }

            await LoadHalvesAsync(piece, way, cancellationToken);
            if (isTooSlow && piece.Count == 2)
            {
                throw TooSlow($"Records {_rows.Marks[piece[0]].Record} and {_rows.Marks[piece[1]].Record} together take", e);
            }
        }
        catch (PostgresException e) when (session.IsBroken && SqlFaults.Of(e) == SqlFault.Row)
        {
            _forecast.EndedSession();
            Tell($"{e.MessageText} (SQLSTATE {e.SqlState})");
            throw new SessionBrokenException($"A row ended the session: {e.MessageText} (SQLSTATE {e.SqlState}).", e);
        }
        catch (PostgresException e) when (!session.IsBroken && !session.CanRollBack && SqlFaults.Of(e) != SqlFault.Outage)
        {
            _forecast.MetUnforeseen();
            throw new SessionBrokenException($"The table was thought to refuse nothing: {e.MessageText} (SQLSTATE {e.SqlState}).", e);
        }
    }

    private async Task LoadHalvesAsync(ArraySegment<int> piece, Way way, CancellationToken cancellationToken)
    {
        await LoadAsync(piece[..(piece.Count / 2)], way, cancellationToken);
        await LoadAsync(piece[(piece.Count / 2)..], way, cancellationToken);
    }

    /// <summary>In one COPY, but for repeated keys where there have been refusals; screened when that is refused.</summary>
    private async Task TogetherAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        int[] repeats = _repeats.Length == 0 ? [] : [.. piece.Intersect(_repeats)];
        if (repeats.Length > 0 && _forecast.Any)
        {
            await LoadAsync(piece.Except(repeats).ToArray(), TogetherAsync, cancellationToken);
            await LoadAsync(repeats, Read(OneByOneAsync), cancellationToken);
            return;
        }

        try
        {
            await CopyAsync(piece, cancellationToken);
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            await session.RollbackPieceAsync(cancellationToken);
            _forecast.Met(wasForetold: repeats.Length > 0);
            await LoadAsync(piece, repeats.Length > 0 ? TogetherAsync : Read(ScreenedAsync), cancellationToken);
        }
    }

    /// <summary>
    /// A way that begins with what the columns' own types refuse, where there are such types; what is left goes on. Behind
    /// that no error comes out of this way but out of one for the rest, so no row is told twice.
    /// </summary>
    private Way Read(Way next) => !session.Stage.CanScreenValues ? next : async (piece, cancellationToken) =>
    {
        List<RefusedRow> refused = [];
        try
        {
            refused = await session.Stage.ScreenValuesAsync(_rows, piece, cancellationToken);
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            await session.RollbackPieceAsync(cancellationToken);
        }

        refused.ForEach(row => _outcome.Add(row, mayBeTakenLater: false));
        await LoadAsync(piece.Except(refused.Select(row => row.Index)).ToArray(), next, cancellationToken);
    };

    /// <summary>Rows that a query calls doubtful one by one, the others in one COPY; all one by one where it sees too little.</summary>
    private async Task ScreenedAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Target.IsScreenable)
        {
            Tell("it has a trigger before each row, or an index that is not on plain columns");
            await OneByOneAsync(piece, cancellationToken);
            return;
        }

        int[] doubtful;
        try
        {
            doubtful = await session.Stage.ScreenAsync(_rows, piece, cancellationToken);
            await CopyAsync(piece.Except(doubtful).ToArray(), cancellationToken);
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            await session.RollbackPieceAsync(cancellationToken);
            Tell($"{e.MessageText} (SQLSTATE {e.SqlState})");
            await LoadAsync(piece, OneByOneAsync, cancellationToken);
            return;
        }

        await LoadAsync(doubtful, OneByOneAsync, cancellationToken);
    }

    /// <summary>Staged and inserted row by row, where that is the same as COPY and nothing is met that is no row's.</summary>
    private async Task OneByOneAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Stage.CanInsertOneByOne)
        {
            await HalvesAsync(piece, cancellationToken);
            return;
        }

        int missed = _outcome.Missed;
        try
        {
            await session.Stage.InsertOneByOneAsync(_rows, piece, _outcome, cancellationToken);
            Landed(piece.Count - (_outcome.Missed - missed));
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            await session.RollbackPieceAsync(cancellationToken);
            await LoadAsync(piece, HalvesAsync, cancellationToken);
        }
    }

    /// <summary>In one COPY, or in halves down to the single row: slower still, but nothing escapes it.</summary>
    private async Task HalvesAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        try
        {
            await CopyAsync(piece, cancellationToken);
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            await session.RollbackPieceAsync(cancellationToken);
            if (piece.Count == 1)
            {
                Refuse(piece[0], e);
                return;
            }

            await LoadHalvesAsync(piece, HalvesAsync, cancellationToken);
        }
    }

    private async Task CopyAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (piece.Count > 0)
        {
            int landed = await _sender.SendAsync(_rows, piece, cancellationToken);
            _outcome.AddFiltered(piece.Count - landed);
            Landed(landed);
        }
    }

    private void Landed(int rows)
    {
        _hasLanded |= rows > 0;
        session.PieceLanded();
    }

    /// <summary>
    /// What a row alone raises is the row's. But where the code says that the statement or the table is wrong and no row of the
    /// chunk lands, it is right: a permission that was taken away must not reject good rows.
    /// </summary>
    private void Refuse(int index, PostgresException error)
    {
        bool isSuspect = SqlFaults.Of(error) == SqlFault.Statement;
        _suspects += isSuspect ? 1 : 0;
        if (isSuspect && !_hasLanded && (_suspects == SuspectsMax || _suspects == _rows.Count))
        {
            throw new JobFaultException(TargetProblems.Refused(error));
        }

        _outcome.Add(
            session.Target.Refusals.Of(index, error.SqlState, error.MessageText, error.ConstraintName, error.ColumnName),
            session.Target.MayTakeLater(error.ConstraintName));
    }

    private ChunkTooSlowException TooSlow(string what, PostgresException error) =>
        new($"{what} PostgreSQL longer than the time limit of {options.ChunkTimeout} (Write:ChunkTimeout).", error);

    private TableHeldException Held(int index, PostgresException error) => new(
        $"Record {_rows.Marks[index].Record} waits for somebody who holds the table or a row: {error.MessageText}.",
        error);

    private void Tell(string reason)
    {
        if (_forecast.TellOneByOne())
        {
            Log.OneByOne(logger, load.Plan.JobId, reason);
        }
    }

    private bool IsRefusal(PostgresException error) =>
        session.CanRollBack && SqlFaults.Of(error) is (SqlFault.Row or SqlFault.Statement);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Rows of job {JobId} are inserted one by one, which is slow, because no query over the table's constraints tells "
                + "which of them are refused: {Reason}. Told once a job.")]
        public static partial void OneByOne(ILogger logger, Guid jobId, string reason);
    }
}
