using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write;

/// <summary>With which way to load rows it is begun.</summary>
public enum FirstWay
{
    Together,
    Screened,
    OneByOne,
}

/// <summary>
/// The ways to load rows, some of which the table may refuse: together, screened, one by one, in halves. Tried once, the first
/// error ends it. In a search each piece of the rows lies behind a savepoint of its own: what it meets costs that piece, which is
/// rolled back and taken apart.
/// </summary>
/// <remarks>
/// A job that has met a refusal leaves out the rows that may repeat one of its own keys, and one that meets refusals which
/// nothing foretold has its rows screened first.
/// </remarks>
public sealed partial class RowSearch(WriteSession session, JobLoad load, WriteOptions options, ILogger logger)
{
    /// <summary>
    /// So many rows that each fail alone for a reason that is no row's, before any row has landed, and the reason is the table's.
    /// </summary>
    private const int SuspectsMax = 32;

    private readonly RejectForecast _forecast = load.Refusals;
    private readonly RowSender _sender = new(session, load.Plan.Rows);

    private RowBuffer _rows = new();
    private RowOutcome _outcome = new();
    private int[] _repeats = [];
    private bool _isSearching;
    private bool _hasLanded;
    private int _suspects;

    private delegate Task Way(ArraySegment<int> piece, CancellationToken cancellationToken);

    /// <summary>Loads rows as if none would be refused that the way does not tell.</summary>
    /// <exception cref="PostgresException">One is; what has landed is to be rolled back.</exception>
    /// <exception cref="SessionBrokenException">A row has ended the session.</exception>
    public Task<RowOutcome> TryAsync(RowBuffer rows, int[] repeats, FirstWay first, CancellationToken cancellationToken)
    {
        _isSearching = false;
        return LoadAsync(rows, repeats, first, cancellationToken);
    }

    /// <summary>Loads what the table takes, behind savepoints.</summary>
    /// <inheritdoc cref="RowLoader.LoadAsync"/>
    public Task<RowOutcome> FindAsync(RowBuffer rows, int[] repeats, FirstWay first, CancellationToken cancellationToken)
    {
        _isSearching = true;
        return LoadAsync(rows, repeats, first, cancellationToken);
    }

    private async Task<RowOutcome> LoadAsync(RowBuffer rows, int[] repeats, FirstWay first, CancellationToken cancellationToken)
    {
        (_rows, _outcome, _repeats, _hasLanded, _suspects) = (rows, new RowOutcome(), repeats, false, 0);
        Way way = first switch
        {
            FirstWay.OneByOne => Read(OneByOneAsync),
            FirstWay.Screened => Read(ScreenedAsync),
            _ => TogetherAsync,
        };
        int[] all = [.. Enumerable.Range(0, rows.Count)];
        for (int next = 0, count; next < all.Length; next += count)
        {
            count = Math.Min(load.RowsAtOnceMax, all.Length - next);
            await LoadAsync(new(all, next, count), way, cancellationToken);
        }

        if (first == FirstWay.Screened)
        {
            _forecast.Screened(_outcome.Refused.Count > 0);
        }

        _outcome.Sort();
        return _outcome;
    }

    /// <summary>
    /// Loads a piece in some way. In a search one that takes too long or waits for somebody is halved: that is neither its rows'
    /// fault nor a reason to begin the job anew. Where not even two rows fit into the time limit a load would go on for days, and
    /// holds its sessions meanwhile: it ends.
    /// </summary>
    private async Task LoadAsync(ArraySegment<int> piece, Way way, CancellationToken cancellationToken)
    {
        if (piece.Count == 0)
        {
            return;
        }

        await session.Savepoints.BeginPieceAsync(cancellationToken);
        try
        {
            await way(piece, cancellationToken);
        }
        catch (PostgresException e) when (_isSearching && session.CanRollBack && SqlFaults.Of(e) == SqlFault.Busy)
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            bool isTooSlow = e.SqlState == PostgresErrorCodes.QueryCanceled;
            if (piece.Count == 1)
            {
                throw isTooSlow
                    ? TooSlow($"Record {_rows.Marks[piece[0]].Record} alone takes", e)
                    : new TableHeldException(
                        $"Record {_rows.Marks[piece[0]].Record} waits for somebody who holds the table or a row: {e.MessageText}.", e);
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
            Tell(e);
            throw new SessionBrokenException($"A row ended the session: {e.MessageText} (SQLSTATE {e.SqlState}).", e);
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
            await LoadAsync(repeats, Read(ConflictingAsync), cancellationToken);
            return;
        }

        try
        {
            await CopyAsync(piece, cancellationToken);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            _forecast.Met(wasForetold: repeats.Length > 0);
            await LoadAsync(piece, repeats.Length > 0 ? TogetherAsync : Read(ScreenedAsync), cancellationToken);
        }
    }

    /// <summary>
    /// A way that begins with what the columns' own types refuse, where there are such types; what is left goes on. Behind
    /// that no error comes out of this way but out of one for the rest, so no row is told twice.
    /// </summary>
    private Way Read(Way next) => !session.Staged.CanScreenValues ? next : async (piece, cancellationToken) =>
    {
        List<RejectedRow> refused = [];
        try
        {
            refused = await session.Staged.ScreenValuesAsync(_rows, piece, cancellationToken);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
        }

        refused.ForEach(row => _outcome.Add(row, mayBeTakenLater: false));
        await LoadAsync(piece.Except(refused.Select(row => row.Index)).ToArray(), next, cancellationToken);
    };

    /// <summary>Rows that a query calls doubtful by themselves, the others in one COPY; all one by one where it sees too little.</summary>
    private async Task ScreenedAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Target.IsScreenable)
        {
            Tell("it has a trigger before each row, or an index that is not on plain columns");
            await OneByOneAsync(piece, cancellationToken);
            return;
        }

        Doubts doubts;
        try
        {
            doubts = await session.Staged.ScreenAsync(_rows, piece, cancellationToken);
            await CopyAsync(piece.Except(doubts.All).ToArray(), cancellationToken);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            Tell(e);
            await LoadAsync(piece, OneByOneAsync, cancellationToken);
            return;
        }

        // A row that breaks something else gives no later one cause to be refused for its key.
        await LoadAsync(doubts.OfAllKinds, OneByOneAsync, cancellationToken);
        await LoadAsync(doubts.OfKeys, ConflictingAsync, cancellationToken);
    }

    /// <summary>Rows whose keys are probably there already: in one statement that passes those over, where there is such.</summary>
    private async Task ConflictingAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Staged.CanInsertUnlessThere)
        {
            await OneByOneAsync(piece, cancellationToken);
            return;
        }

        try
        {
            Landed(await session.Staged.InsertUnlessThereAsync(_rows, piece, _outcome, cancellationToken));
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            await LoadAsync(piece, OneByOneAsync, cancellationToken);
        }
    }

    /// <summary>Staged and inserted row by row, where that is the same as COPY and nothing is met that is no row's.</summary>
    private async Task OneByOneAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Staged.CanInsert)
        {
            await HalvesAsync(piece, cancellationToken);
            return;
        }

        int missed = _outcome.Missed;
        int filtered = _outcome.Filtered;
        try
        {
            await session.Staged.InsertOneByOneAsync(_rows, piece, _outcome, cancellationToken);
            Landed(piece.Count - (_outcome.Missed - missed), _outcome.Filtered - filtered);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
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
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
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
            Landed(landed, piece.Count - landed);
        }
    }

    /// <param name="rows">Rows that landed.</param>
    /// <param name="filtered">Rows that a trigger let fall: it may have written something else instead.</param>
    private void Landed(int rows, int filtered = 0)
    {
        _hasLanded |= rows > 0;
        if (rows + filtered > 0)
        {
            session.Savepoints.PieceLanded();
        }
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
            session.Target.Words.Of(index, error.SqlState, error.MessageText, error.ConstraintName, error.ColumnName),
            session.Target.MayTakeLater(error.ConstraintName));
    }

    private ChunkTooSlowException TooSlow(string what, PostgresException error) =>
        new($"{what} PostgreSQL longer than the time limit of {options.ChunkTimeout} (Write:ChunkTimeout).", error);

    /// <summary>Says once a job why it is slow.</summary>
    internal void Tell(PostgresException error) => Tell($"{error.MessageText} (SQLSTATE {error.SqlState})");

    private void Tell(string reason)
    {
        if (_forecast.TellOneByOne())
        {
            Log.OneByOne(logger, load.Plan.JobId, reason);
        }
    }

    private bool CanSearchAfter(PostgresException error) =>
        _isSearching && session.CanRollBack && SqlFaults.Of(error) is (SqlFault.Row or SqlFault.Statement);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Rows of job {JobId} are inserted one by one, which is slow, because no query over the table's constraints tells "
                + "which of them are refused: {Reason}. Told once a job.")]
        public static partial void OneByOne(ILogger logger, Guid jobId, string reason);
    }
}
