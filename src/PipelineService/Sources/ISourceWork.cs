namespace PipelineService.Sources;

/// <summary>What is done for a source, again and again, by the one instance that looks after it.</summary>
internal interface ISourceWork : IAsyncDisposable
{
    /// <param name="source">The source as it is now.</param>
    /// <returns>How long nobody needs to look.</returns>
    /// <exception cref="SourceFaultException">The place cannot be looked at, or nothing can be taken now.</exception>
    /// <exception cref="Hosting.Postgres.DatabaseUnavailableException">It cannot be told what was taken.</exception>
    Task<TimeSpan> LookAsync(SourceRow source, CancellationToken cancellationToken);
}

/// <summary>Looks at a place of objects, which is found anew each time: folders and configurations change.</summary>
internal sealed class ObjectWork(SourcePlaces places, ObjectTaker taker, TimeProvider time) : ISourceWork
{
    private readonly SettledObjects _settled = new(time);

    public async Task<TimeSpan> LookAsync(SourceRow source, CancellationToken cancellationToken)
    {
        using IObjectPlace place = places.Open(source);
        return (await taker.LookAsync(source, place, _settled, cancellationToken)).Next;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
