using PipelineService.Hosting.Http;
using Serilog;
using Serilog.Events;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// The line that the log has for each request, when it is answered: with the code of the problem where the answer is one, and
/// with the dataset and the job that it is about, as lines of a job have them.
/// </summary>
internal static class RequestLine
{
    private const string Template = "{RequestMethod:l} {RequestPath:l} answered {StatusCode}{CodeText:l} in {Elapsed:0.0} ms";

    public static void UseRequestLine(this WebApplication app) => app.UseSerilogRequestLogging(line =>
    {
        line.Logger = app.Services.GetRequiredService<Serilog.ILogger>();
        line.MessageTemplate = Template;
        line.GetLevel = LevelOf;
        line.GetMessageTemplateProperties = PropertiesOf;
        line.EnrichDiagnosticContext = TellSubject;
    });

    private static LogEventLevel LevelOf(HttpContext context, double milliseconds, Exception? fault) =>
        fault is not null || context.Response.StatusCode >= StatusCodes.Status500InternalServerError ? LogEventLevel.Warning
        : Polls.Are(context) ? LogEventLevel.Debug
        : LogEventLevel.Information;

    private static IEnumerable<LogEventProperty> PropertiesOf(
        HttpContext context, string decodedPath, double milliseconds, int status)
    {
        // As it was sent, escaped: decoded it could forge lines of the log.
        string path = context.Request.PathBase.ToUriComponent() + context.Request.Path.ToUriComponent();
        string? code = context.Features.Get<AnsweredProblem>()?.Code;
        yield return Property("RequestMethod", context.Request.Method);
        yield return Property("RequestPath", path);
        yield return Property("StatusCode", status);
        yield return Property("Elapsed", milliseconds);
        yield return Property("CodeText", code is null ? "" : " " + code);
        if (code is not null)
        {
            yield return Property("Code", code);
        }
    }

    /// <summary>What the address names. An upload says by itself which job it has become.</summary>
    private static void TellSubject(IDiagnosticContext line, HttpContext context)
    {
        if (context.GetRouteValue("dataset") is string dataset)
        {
            line.Set(LogScopes.Dataset, LogScopes.OneLine(dataset));
        }

        if (context.GetRouteValue("id") is string job)
        {
            line.Set(LogScopes.Job, LogScopes.OneLine(job));
        }
    }

    private static LogEventProperty Property(string name, object value) => new(name, new ScalarValue(value));
}
