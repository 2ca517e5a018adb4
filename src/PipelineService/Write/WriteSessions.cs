using System.Threading.Channels;
using PipelineService.Core.Profiles;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write;

/// <summary>
/// The write sessions of one load. Opened when first needed, so that a small job opens one; a chunk takes whichever is
/// idle.
/// </summary>
public sealed class WriteSessions
{
    private readonly Channel<WriteSession> _idle;
    private readonly WriteSession[] _all;

    public WriteSessions(JobLoad load, int count, WriteOptions options, ILogger logger)
    {
        _idle = Channel.CreateBounded<WriteSession>(count);
        _all = [.. Enumerable.Range(0, count).Select(number => new WriteSession(number, load, options, logger))];
        // The session used last is taken again only when no other is idle, so all of them get work; the first chunk of a
        // small job finds the first.
        foreach (WriteSession session in _all)
        {
            _idle.Writer.TryWrite(session);
        }
    }

    /// <summary>Those that hold rows which are not committed.</summary>
    public IReadOnlyList<WriteSession> Uncommitted => [.. _all.Where(s => s.HoldsRows)];

    /// <summary>What the rows that they have written are like.</summary>
    public IEnumerable<JobProfile> Profiles => _all.Select(session => session.Profile).OfType<JobProfile>();

    public ValueTask<WriteSession> TakeAsync(CancellationToken cancellationToken) => _idle.Reader.ReadAsync(cancellationToken);

    public void Return(WriteSession session) => _idle.Writer.TryWrite(session);

    /// <summary>
    /// Does what comes before the first chunk, in the transaction of the first session, which stays open. Which columns the
    /// rows have is not known yet.
    /// </summary>
    public async Task PrepareAsync(
        Database database, Func<WriteSession, CancellationToken, Task> prepare, CancellationToken cancellationToken)
    {
        WriteSession session = await TakeAsync(cancellationToken);
        try
        {
            using CancellationShield shield = new(cancellationToken);
            await session.BeginAsync(database, shield.Token);
            await prepare(session, shield.Token);
            await session.HoldAsync(shield.Token);
        }
        finally
        {
            Return(session);
        }
    }

    /// <summary>
    /// Loads the rows that waited for the rest of the job, now that all of it is there, as far as the database takes them.
    /// </summary>
    public async Task LoadWaitingAsync(CancellationToken cancellationToken)
    {
        foreach (WriteSession session in Uncommitted)
        {
            await session.Waiting.LoadAsync(cancellationToken);
        }
    }

    /// <summary>Rolls back whatever is not committed and gives the connections back.</summary>
    public async Task CloseAsync()
    {
        foreach (WriteSession session in _all)
        {
            await session.CloseAsync();
        }
    }
}
