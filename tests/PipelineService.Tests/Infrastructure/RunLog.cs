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

    private static readonly Lock Writing = new();

    public RunLog()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Place)!);
        File.Delete(Place);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Tell(formatter(state, exception));

    /// <summary>What a test has to say beside its result.</summary>
    public static void Tell(string line)
    {
        TestContext.Current.SendDiagnosticMessage("{0}", line);
        lock (Writing)
        {
            File.AppendAllLines(Place, [line]);
        }
    }
}
