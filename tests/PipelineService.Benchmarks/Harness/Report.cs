using System.Runtime.InteropServices;
using System.Text;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// What a run says: on the console while it runs, and as a Markdown file with machine, versions and command, without
/// which a number says nothing.
/// </summary>
internal sealed class Report(string title, string commandLine)
{
    private readonly StringBuilder _text = new();
    private bool _isAfterBlank;

    public static string MachineName =>
        $"{Environment.ProcessorCount}-core-{RuntimeInformation.RuntimeIdentifier}";

    public async Task OpenAsync(BenchmarkServer server, IReadOnlyList<ServiceBuild> builds)
    {
        Line($"# {title}");
        Line();
        Line($"    {commandLine}");
        Line();
        Line($"- {TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC");
        Line($"- {Processor()}, {Environment.ProcessorCount} logical processors, "
            + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:F0} GB memory");
        Line($"- {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
        Line($"- PostgreSQL on the same machine: {await server.DescribeAsync()}");
        Line($"- {string.Join("; ", builds.Select(b => b.Description))}");
        Line();
    }

    public void Line(string text = "")
    {
        _isAfterBlank = text.Length == 0;
        _text.AppendLine(text);
        Console.WriteLine(text);
    }

    /// <summary>What follows is of one measure.</summary>
    public void Section(string heading)
    {
        if (!_isAfterBlank)
        {
            Line();
        }

        Line($"## {heading}");
        Line();
    }

    /// <summary>The head of a table; the cells of its rows go through <see cref="Row"/>.</summary>
    public void Table(params string[] columns)
    {
        Row(columns);
        Row([.. columns.Select(_ => "---")]);
    }

    public void Row(params string[] cells) => Line($"| {string.Join(" | ", cells)} |");

    public async Task SaveAsync(string directory, string name)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, $"{name}.md");
        await File.WriteAllTextAsync(path, _text.ToString());
        Console.WriteLine($"written to {path}");
    }

    private static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        string? line = File.Exists(Info)
            ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..];
    }
}
