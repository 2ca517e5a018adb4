using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Rejects;

/// <summary>
/// The ways to load a piece of the rows at hand: together, screened, one by one, in halves. One that meets an error in a search
/// gives the piece to the next, which finds out more and takes longer.
/// </summary>
/// <remarks>
/// A job that has met a refusal leaves out the rows that may repeat one of its own keys, and one that meets refusals which
/// nothing foretold has its rows screened first.
/// </remarks>
internal sealed class RowWays(RowSearch search, WriteSession session, JobLoad load)
{
    private readonly RejectForecast _forecast = load.Refusals;

    private RowsAtHand AtHand => search.AtHand;

    public RowWay Of(FirstWay first) => first switch
    {
        FirstWay.OneByOne => Read(OneByOneAsync),
        FirstWay.Screened => Read(ScreenedAsync),
        _ => TogetherAsync,
    };

    /// <summary>In one go, but for repeated keys where there have been refusals; screened when that is refused.</summary>
    private async Task TogetherAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        int[] repeats = AtHand.Repeats.Length == 0 ? [] : [.. piece.Intersect(AtHand.Repeats)];
        if (repeats.Length > 0 && _forecast.Any)
        {
            await search.LoadAsync(piece.Except(repeats).ToArray(), TogetherAsync, cancellationToken);
            await search.LoadAsync(repeats, Read(ConflictingAsync), cancellationToken);
            return;
        }

        try
        {
            await SendAsync(piece, cancellationToken);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            _forecast.Met(wasForetold: repeats.Length > 0);
            await search.LoadAsync(piece, repeats.Length > 0 ? TogetherAsync : Read(ScreenedAsync), cancellationToken);
        }
    }

    /// <summary>
    /// A way that begins with what the columns' own types refuse, where there are such types; what is left goes on. Behind
    /// that no error comes out of this way but out of one for the rest, so no row is told twice.
    /// </summary>
    private RowWay Read(RowWay next) => !session.Staged.CanScreenValues ? next : async (piece, cancellationToken) =>
    {
        List<RejectedRow> refused = [];
        try
        {
            refused = await session.Staged.ScreenValuesAsync(AtHand.Rows, piece, cancellationToken);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
        }

        refused.ForEach(row => AtHand.Outcome.Add(row, mayBeTakenLater: false));
        await search.LoadAsync(piece.Except(refused.Select(row => row.Index)).ToArray(), next, cancellationToken);
    };

    /// <summary>
    /// Rows that a query calls doubtful by themselves, the others in one go; all one by one where it sees too little.
    /// </summary>
    private async Task ScreenedAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Constraints.IsScreenable)
        {
            search.Tell("it is a view, or has a trigger before each row or an index that is not on plain columns");
            await OneByOneAsync(piece, cancellationToken);
            return;
        }

        Doubts doubts;
        try
        {
            doubts = await session.Staged.ScreenAsync(AtHand.Rows, piece, cancellationToken);
            await SendAsync(piece.Except(doubts.All).ToArray(), cancellationToken);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            search.Tell(e);
            await search.LoadAsync(piece, OneByOneAsync, cancellationToken);
            return;
        }

        // A row that breaks something else gives no later one cause to be refused for its key.
        await search.LoadAsync(doubts.OfAllKinds, OneByOneAsync, cancellationToken);
        await search.LoadAsync(doubts.OfKeys, ConflictingAsync, cancellationToken);
    }

    /// <summary>
    /// Rows whose keys are probably there already: in one statement that passes those over, where there is such.
    /// </summary>
    private async Task ConflictingAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Staged.CanInsertUnlessThere)
        {
            await OneByOneAsync(piece, cancellationToken);
            return;
        }

        try
        {
            Landed(await session.Staged.InsertUnlessThereAsync(AtHand.Rows, piece, AtHand.Outcome, cancellationToken));
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            await search.LoadAsync(piece, OneByOneAsync, cancellationToken);
        }
    }

    /// <summary>
    /// Staged and inserted row by row, where that is the same as sending them and nothing is met that is no row's.
    /// </summary>
    private async Task OneByOneAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (!session.Staged.CanInsert)
        {
            await HalvesAsync(piece, cancellationToken);
            return;
        }

        RowOutcome outcome = AtHand.Outcome;
        int missed = outcome.Missed;
        int filtered = outcome.Filtered;
        try
        {
            await session.Staged.InsertOneByOneAsync(AtHand.Rows, piece, outcome, cancellationToken);
            Landed(piece.Count - (outcome.Missed - missed), outcome.Filtered - filtered);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            await search.LoadAsync(piece, HalvesAsync, cancellationToken);
        }
    }

    /// <summary>In one go, or in halves down to the single row: slower still, but nothing escapes it.</summary>
    private async Task HalvesAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(piece, cancellationToken);
        }
        catch (PostgresException e) when (CanSearchAfter(e))
        {
            await session.Savepoints.RollbackPieceAsync(cancellationToken);
            if (piece.Count == 1)
            {
                AtHand.Refuse(piece[0], e, session.Constraints);
                return;
            }

            await search.LoadHalvesAsync(piece, HalvesAsync, cancellationToken);
        }
    }

    private async Task SendAsync(ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (piece.Count > 0)
        {
            int landed = await load.Plan.Target.SendAsync(session, AtHand.Rows, piece, cancellationToken);
            AtHand.Outcome.AddFiltered(piece.Count - landed);
            Landed(landed, piece.Count - landed);
        }
    }

    /// <param name="rows">Rows that landed.</param>
    /// <param name="filtered">Rows that a trigger let fall: it may have written something else instead.</param>
    private void Landed(int rows, int filtered = 0)
    {
        AtHand.Landed(rows);
        if (rows + filtered > 0)
        {
            session.Savepoints.PieceLanded();
        }
    }

    private bool CanSearchAfter(PostgresException error) =>
        AtHand.IsSearch && session.CanRollBack && SqlFaults.Of(error) is (SqlFault.Row or SqlFault.Statement);
}
