using System.Reflection;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// What every measurement of the service stands on: a scratch directory, a PostgreSQL, one build or two, a report. Two
/// builds are measured in turn, on the same server and in one run: times of different runs say nothing about each
/// other.
/// </summary>
internal sealed class Laboratory : IAsyncDisposable
{
    private readonly string _output;
    private readonly string _name;
    private bool _isDone;

    private Laboratory(
        string scratch, BenchmarkServer server, BenchmarkDatabase yardstick, IReadOnlyList<ServiceBuild> builds,
        Report report, string output, string name)
    {
        Scratch = scratch;
        Server = server;
        Yardstick = yardstick;
        Builds = builds;
        Report = report;
        _output = output;
        _name = name;
    }

    /// <summary>A directory of this run's own; what is in it goes with it.</summary>
    public string Scratch { get; }

    public BenchmarkServer Server { get; }

    /// <summary>The database of what the service is compared with.</summary>
    public BenchmarkDatabase Yardstick { get; }

    /// <summary>The build to compare with, if there is one, and the one that is measured.</summary>
    public IReadOnlyList<ServiceBuild> Builds { get; }

    public Report Report { get; }

    public static string Repository { get; } = typeof(Laboratory).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>Where results are kept that are worth committing.</summary>
    public static string ResultsDirectory { get; } =
        Path.Combine(Repository, "tests", "PipelineService.Benchmarks", "results", Report.MachineName);

    /// <summary>Reads the options that all commands share; the command must have asked for its own before.</summary>
    public static async Task<Laboratory> OpenAsync(string command, string title, Arguments arguments)
    {
        string scratch = Path.GetFullPath(
            arguments.Text("scratch", Path.Combine(Path.GetTempPath(), "pipeline-benchmarks")));
        string? address = arguments.Text("postgres");
        string? service = arguments.Text("service");
        string? before = arguments.Text("before");
        string? label = arguments.Text("label");
        IReadOnlyList<string> settings = arguments.Texts("set");
        string output = arguments.Text("output", ResultsDirectory);
        arguments.RefuseUnknown();

        scratch = Directory.CreateDirectory(Path.Combine(scratch, $"run-{Environment.ProcessId}")).FullName;
        List<(string Name, string Folder)> published = before is null
            ? [("service", await PublishedBuild.FindAsync(service, "service", scratch))]
            :
            [
                ("before", await PublishedBuild.FindAsync(before, "before", scratch)),
                ("after", await PublishedBuild.FindAsync(service, "after", scratch)),
            ];
        BenchmarkServer server = await BenchmarkServer.StartAsync(address, scratch);
        BenchmarkDatabase yardstick = await server.CreateDatabaseAsync("yardstick");
        List<ServiceBuild> builds = [];
        foreach ((string name, string folder) in published)
        {
            BenchmarkDatabase database = await server.CreateDatabaseAsync(name);
            builds.Add(new ServiceBuild(
                name, folder, Directory.CreateDirectory(Path.Combine(scratch, name)).FullName, database, settings));
        }

        var report = new Report(title, CommandLine());
        await report.OpenAsync(server, builds);
        return new Laboratory(
            scratch, server, yardstick, builds, report, output, label is null ? command : $"{command}-{label}");
    }

    /// <summary>A process of each build.</summary>
    public async Task<ServiceProcesses> StartAllAsync()
    {
        List<ServiceProcess> started = [];
        ServiceProcesses processes = new(started);
        try
        {
            foreach (ServiceBuild build in Builds)
            {
                started.Add(await build.StartAsync());
            }

            return processes;
        }
        catch
        {
            await processes.DisposeAsync();
            throw;
        }
    }

    /// <summary>The build that is measured once more, with other settings, and with a database and a spool of its own.</summary>
    public async Task<ServiceBuild> TwinAsync(string name, params string[] settings) => new(
        name, Builds[^1].Folder, Directory.CreateDirectory(Path.Combine(Scratch, name)).FullName, await Server.CreateDatabaseAsync(name),
        [.. Builds[^1].Settings, .. settings]);

    /// <summary>So that no one pays for another's WAL.</summary>
    public Task CheckpointAsync() => Yardstick.ExecuteAsync("CHECKPOINT");

    /// <summary>
    /// The run is complete: its report may be kept. A report of half a run would look like a whole one.
    /// </summary>
    public void Complete() => _isDone = true;

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        if (_isDone)
        {
            await Report.SaveAsync(_output, _name);
            Directory.Delete(Scratch, recursive: true);
        }
        else
        {
            Console.WriteLine($"not complete; {ServiceProcess.LogName} and the data are left in {Scratch}");
        }
    }

    private static string CommandLine() =>
        "dotnet run -c Release --project tests/PipelineService.Benchmarks -- "
        + string.Join(' ', Environment.GetCommandLineArgs().Skip(1));
}
