using Microsoft.Extensions.Logging;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// What a run says about itself, beside its results: <c>dotnet test</c> shows of a run that is green nothing but its counts.
/// </summary>
internal sealed class RunLog : ILogger
{
    private static readonly string Place =
        Path.Combine(RepositoryFiles.Root, "artifacts", "test-results", "PipelineService.Tests.log");

    private readonly Lock _lock = new();

    public RunLog()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Place)!);
        File.Delete(Place);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        string line = formatter(state, exception);
        TestContext.Current.SendDiagnosticMessage("{0}", line);
        lock (_lock)
        {
            File.AppendAllLines(Place, [line]);
        }
    }
}
