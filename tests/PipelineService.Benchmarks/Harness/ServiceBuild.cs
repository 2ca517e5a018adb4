namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// A build of the service that takes part in a run. It has a database of its own, because an older build rejects a
/// newer schema, and a spool and a log.
/// </summary>
/// <param name="name">What the report calls it.</param>
/// <param name="folder">Where it was published.</param>
/// <param name="scratch">Where its spool and its log go.</param>
/// <param name="settings">Configuration of all its processes: <c>Write__SessionsPerJobMax=2</c>.</param>
internal sealed class ServiceBuild(
    string name, string folder, string scratch, BenchmarkDatabase database, IReadOnlyList<string> settings)
{
    public string Name => name;

    public string Folder => folder;

    public string Scratch => scratch;

    public BenchmarkDatabase Database => database;

    public IReadOnlyList<string> Settings => settings;

    public string Description => $"{name}: {PublishedBuild.VersionOf(folder)}";

    /// <summary>A fresh process: its peak of memory is its own.</summary>
    /// <param name="more">Settings of this process alone.</param>
    public Task<ServiceProcess> StartAsync(params string[] more) =>
        ServiceProcess.StartAsync(this, [.. settings, .. more]);
}

/// <summary>A process of each build, the older one first.</summary>
internal sealed class ServiceProcesses(IReadOnlyList<ServiceProcess> all) : IAsyncDisposable
{
    public IReadOnlyList<ServiceProcess> All => all;

    /// <summary>Of a command that measures one build.</summary>
    /// <exception cref="UsageException">There are two: the one before would be measured, and told as the other.</exception>
    public ServiceProcess Only => all.Count == 1
        ? all[0]
        : throw new UsageException("This command measures one build: leave --before out, and run it once more with --service for another.");

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProcess process in all)
        {
            await process.DisposeAsync();
        }
    }
}
