using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Rejects;

/// <summary>With which way to load rows it is begun.</summary>
public enum FirstWay
{
    Together,
    Screened,
    OneByOne,
}

/// <summary>A way to load a piece of the rows at hand (<see cref="RowWays"/>).</summary>
internal delegate Task RowWay(ArraySegment<int> piece, CancellationToken cancellationToken);

/// <summary>
/// Loads rows, some of which the table may refuse, in one of the <see cref="RowWays"/> and then another. Tried once, the first error
/// ends it. In a search each piece of the rows lies behind a savepoint of its own: what it meets costs that piece, which is rolled
/// back and taken apart.
/// </summary>
public sealed partial class RowSearch
{
    private readonly WriteSession _session;
    private readonly JobLoad _load;
    private readonly WriteOptions _options;
    private readonly ILogger _logger;
    private readonly RowWays _ways;

    public RowSearch(WriteSession session, JobLoad load, WriteOptions options, ILogger logger)
    {
        (_session, _load, _options, _logger) = (session, load, options, logger);
        _ways = new RowWays(this, session, load);
    }

    internal RowsAtHand AtHand { get; private set; } = new(new RowBuffer(initialBytes: 0), repeats: [], isSearch: false);

    /// <summary>Loads rows as if none would be refused that the way does not tell.</summary>
    /// <exception cref="PostgresException">One is; what has landed is to be rolled back.</exception>
    /// <exception cref="SessionBrokenException">A row has ended the session.</exception>
    public Task<RowOutcome> TryAsync(RowBuffer rows, int[] repeats, FirstWay first, CancellationToken cancellationToken) =>
        LoadAsync(new RowsAtHand(rows, repeats, isSearch: false), first, cancellationToken);

    /// <summary>Loads what the table takes, behind savepoints.</summary>
    /// <inheritdoc cref="RowLoader.LoadAsync"/>
    public Task<RowOutcome> FindAsync(RowBuffer rows, int[] repeats, FirstWay first, CancellationToken cancellationToken) =>
        LoadAsync(new RowsAtHand(rows, repeats, isSearch: true), first, cancellationToken);

    private async Task<RowOutcome> LoadAsync(RowsAtHand rows, FirstWay first, CancellationToken cancellationToken)
    {
        AtHand = rows;
        RowWay way = _ways.Of(first);
        int[] all = [.. Enumerable.Range(0, rows.Rows.Count)];
        for (int next = 0, count; next < all.Length; next += count)
        {
            count = Math.Min(_load.RowsAtOnceMax, all.Length - next);
            await LoadAsync(new(all, next, count), way, cancellationToken);
        }

        if (first == FirstWay.Screened)
        {
            _load.Refusals.Screened(rows.Outcome.Refused.Count > 0);
        }

        rows.Outcome.Sort();
        return rows.Outcome;
    }

    /// <summary>
    /// Loads a piece in some way. In a search one that takes too long or waits for somebody is halved: that is neither its rows'
    /// fault nor a reason to begin the job anew. Where not even two rows fit into the time limit a load would go on for days, and
    /// holds its sessions meanwhile: it ends.
    /// </summary>
    internal async Task LoadAsync(ArraySegment<int> piece, RowWay way, CancellationToken cancellationToken)
    {
        if (piece.Count == 0)
        {
            return;
        }

        await _session.Savepoints.BeginPieceAsync(cancellationToken);
        try
        {
            await way(piece, cancellationToken);
        }
        catch (PostgresException e) when (AtHand.IsSearch && _session.CanRollBack && SqlFaults.Of(e) == SqlFault.Busy)
        {
            await _session.Savepoints.RollbackPieceAsync(cancellationToken);
            bool isTooSlow = e.SqlState == PostgresErrorCodes.QueryCanceled;
            if (piece.Count == 1)
            {
                throw isTooSlow
                    ? TooSlow($"Record {RecordOf(piece[0])} alone takes", e)
                    : new TableHeldException(
                        $"Record {RecordOf(piece[0])} waits for somebody who holds the table or a row: "
                            + $"{RefusalText.Of(e, _load.Plan.Rows)}.",
                        RefusalText.Cause(e, _load.Plan.Rows));
            }

            if (isTooSlow)
            {
                _load.RowsAtOnceMax = Math.Min(_load.RowsAtOnceMax, (piece.Count + 1) / 2);
            }

            await LoadHalvesAsync(piece, way, cancellationToken);
            if (isTooSlow && piece.Count == 2)
            {
                throw TooSlow($"Records {RecordOf(piece[0])} and {RecordOf(piece[1])} together take", e);
            }
        }
        catch (PostgresException e) when (_session.IsBroken && SqlFaults.Of(e) == SqlFault.Row)
        {
            _load.Refusals.EndedSession();
            Tell(e);
            throw new SessionBrokenException(
                $"A row ended the session: {RefusalText.Of(e, _load.Plan.Rows)}.", RefusalText.Cause(e, _load.Plan.Rows));
        }
    }

    internal async Task LoadHalvesAsync(ArraySegment<int> piece, RowWay way, CancellationToken cancellationToken)
    {
        await LoadAsync(piece[..(piece.Count / 2)], way, cancellationToken);
        await LoadAsync(piece[(piece.Count / 2)..], way, cancellationToken);
    }

    private long RecordOf(int index) => AtHand.Rows.Marks[index].Record;

    private ChunkTooSlowException TooSlow(string what, PostgresException error) =>
        new($"{what} PostgreSQL longer than the time limit of {_options.ChunkTimeout} (Write:ChunkTimeout).", RefusalText.Cause(error, _load.Plan.Rows));

    /// <summary>Says once a job why it is slow.</summary>
    internal void Tell(PostgresException error) => Tell(RefusalText.Of(error, _load.Plan.Rows));

    internal void Tell(string reason)
    {
        if (_load.Refusals.TellOneByOne())
        {
            Log.OneByOne(_logger, _load.Plan.JobId, reason);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Rows of job {JobId} are inserted one by one, which is slow, because no query over the table's constraints tells "
                + "which of them are refused: {Reason}. Told once a job.")]
        public static partial void OneByOne(ILogger logger, Guid jobId, string reason);
    }
}
