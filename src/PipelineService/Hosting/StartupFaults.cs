using Microsoft.Extensions.Options;

namespace PipelineService.Hosting;

/// <summary>Runs the service to its end, and turns what an operator can mend into a message and an exit code.</summary>
public static class StartupFaults
{
    /// <summary>As of sysexits, "the configuration is wrong", cut down to the two values people test for: 1 is a crash.</summary>
    public const int ExitCode = 2;

    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunToEndAsync(this WebApplication app)
    {
        CancellationToken stopping = app.Lifetime.ApplicationStopping; // asked for now: a disposed host does not answer
        try
        {
            // Before the host does it: a service whose constructor reads its options would fail first, with only these.
            app.Services.GetService<IStartupValidator>()?.Validate();
            await app.RunAsync();
            return Environment.ExitCode;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return Environment.ExitCode; // stopped while it was starting
        }
        catch (Exception fault) when (Describe(fault) is { } message)
        {
            await Console.Error.WriteLineAsync(message);
            return ExitCode;
        }
    }

    /// <summary>The message for the operator, or null when the fault is not one of theirs.</summary>
    internal static string? Describe(Exception fault) => fault switch
    {
        StartupException => "PipelineService cannot start. " + fault.Message,
        OptionsValidationException options => Describe(options.Failures),
        AggregateException all when all.InnerExceptions.All(inner => inner is OptionsValidationException) =>
            Describe(all.InnerExceptions.Cast<OptionsValidationException>().SelectMany(inner => inner.Failures)),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } =>
            "PipelineService cannot start. " + fault.Message + " Choose another address: --urls http://127.0.0.1:8081",
        _ => null,
    };

    private static string Describe(IEnumerable<string> faults) =>
        "PipelineService cannot start. These settings are wrong:\n"
        + string.Join('\n', faults.Select(fault => "  - " + fault));
}
