using Npgsql;
using PipelineService.Core.Transforms;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write;

/// <summary>
/// The savepoints of a session's open transaction. One of them (<c>chunk</c>) lies before a group of chunks; what they met is
/// told from there on anew. While the rows of a chunk are searched for those that the table refuses there are more, inside of
/// it (<c>piece</c>); of those none stays.
/// </summary>
/// <param name="session">Whose transaction it is.</param>
public sealed class Savepoints(WriteSession session, JobLoad load)
{
    private ChunkGroup _group = new();
    private bool _isSet;
    private bool _isRehearsal;
    private bool _isSearch;
    private bool _hasPiece;
    private bool _hasLanded;
    private int _kept;

    /// <summary>Whether an error costs less than the transaction.</summary>
    public bool CanRollBack => _isSet || _isRehearsal;

    /// <summary>Whether the transaction has had as many as it may have.</summary>
    public bool AreSpent => _group.IsLast;

    /// <summary>The transaction was begun.</summary>
    /// <param name="isSet">Whether with a savepoint.</param>
    public void Begin(bool isSet)
    {
        _group = new ChunkGroup();
        _isSet = isSet;
        EndChunk();
    }

    /// <summary>What follows that which comes in front of the first chunk.</summary>
    public NpgsqlBatchCommand[] Hold()
    {
        _group.Release();
        return [new(WriteSql.ReleaseSavepoint), new(WriteSql.Savepoint)];
    }

    /// <summary>What follows the last statement of a chunk whose transaction stays open.</summary>
    /// <param name="isNeeded">Whether the next chunk might be refused something.</param>
    public IEnumerable<NpgsqlBatchCommand> Keep(WrittenChunk chunk, bool isNeeded)
    {
        List<NpgsqlBatchCommand> statements = [];
        if (_isSet)
        {
            _group.Add(chunk);
            if (_group.IsFull || !isNeeded)
            {
                statements.Add(new(WriteSql.ReleaseSavepoint));
                _group.Release();
                _isSet = false;
            }
        }

        if (!_isSet && isNeeded && !AreSpent)
        {
            statements.Add(new(WriteSql.Savepoint));
            _isSet = true;
        }

        EndChunk();
        return statements;
    }

    /// <summary>What lies behind the savepoint stays, and there is no other: what follows could not be told anew.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_isSet)
        {
            await session.ExecuteAsync([new(WriteSql.ReleaseSavepoint)], cancellationToken);
            _group.Release();
            _isSet = false;
        }
    }

    /// <summary>
    /// The rows of the chunk at hand are tried behind a savepoint that is rolled back in any case: for a transaction that can
    /// have no more of them that stay.
    /// </summary>
    public async Task RehearseAsync(CancellationToken cancellationToken)
    {
        await session.ExecuteAsync([new(WriteSql.Savepoint)], cancellationToken);
        _isRehearsal = true;
        _isSearch = true;
    }

    /// <summary>
    /// Back to where the chunk at hand began, and on with a search for what the table refuses. The chunks before it that go with
    /// it are written again; then it has a savepoint of its own.
    /// </summary>
    public async Task BeginSearchAsync(CancellationToken cancellationToken)
    {
        await RollbackAsync(cancellationToken);
        _isSearch = true;
    }

    /// <summary>What has landed stays, whatever becomes of the rows that follow: in a search.</summary>
    public async Task BeginPieceAsync(CancellationToken cancellationToken)
    {
        if (!_isSearch || !_hasLanded)
        {
            return;
        }

        await session.ExecuteAsync(
            _hasPiece ? [new(WriteSql.ReleasePiece), new(WriteSql.BeginPiece)] : [new(WriteSql.BeginPiece)], cancellationToken);
        _kept += _hasPiece ? 1 : 0;
        _hasPiece = true;
        _hasLanded = false;
    }

    /// <summary>Rows have landed since the last savepoint.</summary>
    public void PieceLanded() => _hasLanded = true;

    /// <summary>What was begun since the last piece landed is undone: in a search.</summary>
    public async Task RollbackPieceAsync(CancellationToken cancellationToken)
    {
        await session.ExecuteAsync([new(_hasPiece ? WriteSql.RollbackPiece : WriteSql.RollbackToSavepoint)], cancellationToken);
        _hasLanded = false;
    }

    /// <summary>Ends a search.</summary>
    /// <param name="keep">Whether what landed is to stay, whatever it costs.</param>
    /// <returns>
    /// Whether it is to be undone (<see cref="UndoSearchAsync"/>) and the rows that landed to be written again in one go, because
    /// subtransactions would be left of it.
    /// </returns>
    public async Task<bool> EndSearchAsync(bool keep, CancellationToken cancellationToken)
    {
        if (_hasPiece)
        {
            await session.ExecuteAsync(
                _hasLanded ? [new(WriteSql.ReleasePiece)] : [new(WriteSql.RollbackPiece), new(WriteSql.ReleasePiece)],
                cancellationToken);
            _kept += _hasLanded ? 1 : 0;
            _hasPiece = false;
        }

        return _isRehearsal || (_kept > 0 && !keep);
    }

    /// <summary>Back to where the chunk at hand began, now that it is known what the table refuses of it.</summary>
    public async Task UndoSearchAsync(CancellationToken cancellationToken)
    {
        await session.ExecuteAsync(
            _isRehearsal
                ? [new(WriteSql.RollbackToSavepoint), new(WriteSql.ReleaseSavepoint)]
                : [new(WriteSql.RollbackToSavepoint)],
            cancellationToken);
        EndChunk();
    }

    private async Task RollbackAsync(CancellationToken cancellationToken)
    {
        await session.ExecuteAsync([new(WriteSql.RollbackToSavepoint)], cancellationToken);
        EndChunk();
        if (_group.Chunks.Count == 0)
        {
            return;
        }

        await WriteAgainAsync(cancellationToken);
        await session.ExecuteAsync([new(WriteSql.ReleaseSavepoint), new(WriteSql.Savepoint)], cancellationToken);
        _group.Release();
        _isRehearsal = AreSpent;
        _isSet = !AreSpent;
    }

    /// <summary>
    /// The table took those rows a moment ago, in this transaction. Should it not any more, or not all of them, then nothing is
    /// known of it: that costs the transaction.
    /// </summary>
    private async Task WriteAgainAsync(CancellationToken cancellationToken)
    {
        TransformWorkspace workspace = new();
        foreach (WrittenChunk chunk in _group.Chunks)
        {
            int landed;
            try
            {
                landed = await WriteAgainAsync(chunk, workspace, cancellationToken);
            }
            catch (PostgresException e) when (SqlFaults.Of(e) != SqlFault.Outage)
            {
                throw new SessionBrokenException(
                    $"Rows that had been taken were refused when written again: {RefusalText.Of(e, load.Plan.Rows)}.",
                    RefusalText.Cause(e, load.Plan.Rows));
            }

            if (landed != chunk.Counts.Loaded)
            {
                throw new SessionBrokenException($"{landed} rows landed of which {chunk.Counts.Loaded} had landed before.");
            }
        }
    }

    private async Task<int> WriteAgainAsync(WrittenChunk chunk, TransformWorkspace workspace, CancellationToken cancellationToken)
    {
        int landed = 0;
        if (chunk.Counts.Loaded + chunk.Counts.Filtered + chunk.Waiting.Count > 0)
        {
            await load.ReadAgain(load.Transform!, chunk.Extent, chunk.Answers, workspace, cancellationToken);
            landed = await session.Loader.SendAsync(workspace.Rows, chunk.Refused, cancellationToken);
            await session.Waiting.KeepAsync(chunk.Extent.StartOffset, workspace.Rows, chunk.Waiting, cancellationToken);
        }

        await session.ExecuteAsync(chunk.Statements(load.Plan), cancellationToken);
        return landed;
    }

    private void EndChunk()
    {
        _isRehearsal = false;
        _isSearch = false;
        _hasPiece = false;
        _hasLanded = false;
        _kept = 0;
    }
}
