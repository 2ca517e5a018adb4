using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Rejects;

/// <summary>
/// Loads the rows of a chunk through one session: in one go as long as the table takes them, else in two. First they are searched
/// for those that PostgreSQL refuses, behind savepoints; then what is left is written in one go.
/// </summary>
/// <remarks>
/// The second go is left out where the search leaves no subtransaction behind, which is the rule. So what a chunk meets never
/// adds to the subtransactions of its transaction, of which there is a small number (<see cref="ChunkGroup"/>).
/// </remarks>
public sealed class RowLoader(WriteSession session, JobLoad load, WriteOptions options, ILogger logger)
{
    private readonly RejectForecast _forecast = load.Refusals;
    private readonly RowSearch _search = new(session, load, options, logger);

    /// <summary>Loads what the database accepts. The transaction afterwards holds the accepted rows.</summary>
    /// <param name="repeats">0-based indexes of the rows that may repeat a key of the job, ascending.</param>
    /// <exception cref="JobFaultException">The table takes none of the rows.</exception>
    /// <exception cref="ChunkTooSlowException">One row alone takes too long, or two together.</exception>
    /// <exception cref="TableHeldException">One row alone waits for somebody.</exception>
    /// <exception cref="SessionBrokenException">What a row met cost the transaction.</exception>
    public async Task<RowOutcome> LoadAsync(RowBuffer rows, int[] repeats, CancellationToken cancellationToken)
    {
        if (_forecast.Any && session.Savepoints.AreSpent)
        {
            return await RehearseAsync(rows, repeats, cancellationToken);
        }

        FirstWay first = First();
        try
        {
            return await _search.TryAsync(rows, repeats, first, cancellationToken);
        }
        catch (PostgresException e) when (session.CanRollBack && SqlFaults.Of(e) != SqlFault.Outage)
        {
            await session.Savepoints.BeginSearchAsync(cancellationToken);
            first = After(e, first, rows, repeats);
        }
        catch (PostgresException e) when (!session.IsBroken && SqlFaults.Of(e) != SqlFault.Outage)
        {
            _forecast.MetUnforeseen();
            throw new SessionBrokenException(
                $"The table was thought to refuse nothing: {RefusalText.Of(e, load.Plan.Rows)}.", RefusalText.Cause(e, load.Plan.Rows));
        }

        return await SearchAsync(rows, repeats, first, cancellationToken);
    }

    /// <summary>Loads rows behind no savepoint that would stay.</summary>
    /// <inheritdoc cref="LoadAsync"/>
    public async Task<RowOutcome> RehearseAsync(RowBuffer rows, int[] repeats, CancellationToken cancellationToken)
    {
        await session.Savepoints.RehearseAsync(cancellationToken);
        return await SearchAsync(rows, repeats, First(), cancellationToken);
    }

    /// <summary>Sends all rows but some, in pieces that fit into the time limit.</summary>
    /// <param name="but">0-based indexes of the rows to leave out.</param>
    /// <returns>How many landed.</returns>
    /// <exception cref="PostgresException">One of them is refused, or they take too long.</exception>
    public async Task<int> SendAsync(RowBuffer rows, IEnumerable<int> but, CancellationToken cancellationToken)
    {
        int landed = 0;
        foreach (int[] piece in Enumerable.Range(0, rows.Count).Except(but).Chunk(load.RowsAtOnceMax))
        {
            landed += await load.Plan.Target.SendAsync(session, rows, piece, cancellationToken);
        }

        return landed;
    }

    /// <summary>The way that is the best bet, as the job has gone so far.</summary>
    private FirstWay First() => _forecast.EndSessions ? FirstWay.OneByOne
        : _forecast.AreForetold ? FirstWay.Together
        : FirstWay.Screened;

    /// <summary>The way with which to begin a search after another one has met an error.</summary>
    private FirstWay After(PostgresException error, FirstWay first, RowBuffer rows, int[] repeats)
    {
        if (SqlFaults.Of(error) == SqlFault.Busy)
        {
            int atOnce = Math.Min(load.RowsAtOnceMax, rows.Count);
            if (error.SqlState == PostgresErrorCodes.QueryCanceled && atOnce > 2)
            {
                load.RowsAtOnceMax = (atOnce + 1) / 2;
            }

            return first;
        }

        if (first == FirstWay.Together)
        {
            bool isForetold = repeats.Length > 0 && !_forecast.Any;
            _forecast.Met(isForetold);
            return isForetold ? FirstWay.Together : FirstWay.Screened;
        }

        _search.Tell(error);
        return FirstWay.OneByOne;
    }

    private async Task<RowOutcome> SearchAsync(
        RowBuffer rows, int[] repeats, FirstWay first, CancellationToken cancellationToken)
    {
        RowOutcome outcome = await _search.FindAsync(rows, repeats, first, cancellationToken);
        if (!await session.Savepoints.EndSearchAsync(keep: false, cancellationToken))
        {
            return outcome;
        }

        await session.Savepoints.UndoSearchAsync(cancellationToken);
        int sent = rows.Count - outcome.Refused.Count;
        try
        {
            return outcome.WithFiltered(
                sent - await SendAsync(rows, outcome.Refused.Select(row => row.Index), cancellationToken));
        }
        catch (PostgresException e) when (session.CanRollBack && SqlFaults.Of(e) != SqlFault.Outage)
        {
            // What is taken changes from one time to the next: then the search itself is what counts, and what it leaves behind.
            await session.Savepoints.BeginSearchAsync(cancellationToken);
        }
        catch (PostgresException e) when (!session.IsBroken && SqlFaults.Of(e) != SqlFault.Outage)
        {
            throw new SessionBrokenException(
                $"Rows that were taken once are refused: {RefusalText.Of(e, load.Plan.Rows)}.", RefusalText.Cause(e, load.Plan.Rows));
        }

        outcome = await _search.FindAsync(rows, repeats, first, cancellationToken);
        await session.Savepoints.EndSearchAsync(keep: true, cancellationToken);
        return outcome;
    }
}
