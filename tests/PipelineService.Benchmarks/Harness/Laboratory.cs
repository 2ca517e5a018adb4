using System.Reflection;

namespace PipelineService.Benchmarks.Harness;

/// <summary>What every measurement of the service stands on: a scratch directory, a PostgreSQL, a build, a report.</summary>
internal sealed class Laboratory : IAsyncDisposable
{
    private readonly string _output;
    private readonly string _name;
    private readonly string _published;
    private readonly IReadOnlyList<string> _settings;
    private bool _isDone;

    private Laboratory(
        string scratch, BenchmarkPostgres postgres, string published, IReadOnlyList<string> settings, Report report,
        string output, string name)
    {
        Scratch = scratch;
        Postgres = postgres;
        Report = report;
        _published = published;
        _settings = settings;
        _output = output;
        _name = name;
    }

    /// <summary>A directory of this run's own; what is in it goes with it.</summary>
    public string Scratch { get; }

    public BenchmarkPostgres Postgres { get; }

    public Report Report { get; }

    public static string Repository { get; } = typeof(Laboratory).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>Where results are kept that are worth committing.</summary>
    public static string ResultsDirectory { get; } =
        Path.Combine(Repository, "tests", "PipelineService.Benchmarks", "results", Report.MachineName);

    /// <summary>Reads the options that all commands share; the command must have asked for its own before.</summary>
    public static async Task<Laboratory> OpenAsync(string command, string title, Arguments arguments)
    {
        string scratch = Path.GetFullPath(arguments.Text("scratch", Path.Combine(Path.GetTempPath(), "pipeline-benchmarks")));
        string? server = arguments.Text("postgres");
        string? published = arguments.Text("service");
        string? label = arguments.Text("label");
        IReadOnlyList<string> settings = arguments.Texts("set");
        string output = arguments.Text("output", ResultsDirectory);
        arguments.RefuseUnknown();

        published ??= await ServiceProcess.PublishAsync(Repository, scratch);
        scratch = Directory.CreateDirectory(Path.Combine(scratch, $"run-{Environment.ProcessId}")).FullName;
        BenchmarkPostgres postgres = await BenchmarkPostgres.StartAsync(server, scratch);
        var report = new Report(title, CommandLine());
        await report.OpenAsync(postgres);
        return new Laboratory(
            scratch, postgres, Path.GetFullPath(published), settings, report, output,
            label is null ? command : $"{command}-{label}");
    }

    /// <summary>A fresh process: its peak of memory is its own.</summary>
    /// <param name="more">Settings of this process alone.</param>
    public Task<ServiceProcess> StartServiceAsync(params string[] more) =>
        ServiceProcess.StartAsync(_published, Postgres.ConnectionString, Scratch, [.. _settings, .. more]);

    /// <summary>The run is complete: its report may be kept. A report of half a run would look like a whole one.</summary>
    public void Complete() => _isDone = true;

    public async ValueTask DisposeAsync()
    {
        await Postgres.DisposeAsync();
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
