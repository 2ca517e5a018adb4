using System.Globalization;
using System.Text.RegularExpressions;

namespace PipelineService.Benchmarks.Bookkeeping;

/// <summary>
/// How long statements took, as PostgreSQL's own log has it (<c>log_min_duration_statement = 0</c>): of whatever build
/// sends them, planned and executed as it does it, without the way there and back.
/// </summary>
internal static partial class StatementLog
{
    /// <summary>The executions of statements whose text is accepted: parse, bind and execute together.</summary>
    /// <param name="path">The server's log.</param>
    /// <param name="from">Where in the file to begin.</param>
    public static async Task<IReadOnlyList<double>> ReadMillisecondsAsync(
        string path, long from, Func<string, bool> accepts)
    {
        await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = from;
        using var reader = new StreamReader(file);
        List<double> found = [];
        Dictionary<string, double> begun = []; // by session: what its parse and bind have taken
        Entry? entry = null;
        string text = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith('\t'))
            {
                text += $"\n{line}";
                continue;
            }

            Close();
            entry = Entry.Of(line);
            text = line;
        }

        Close();
        return found;

        void Close()
        {
            if (entry is null || !accepts(text))
            {
                return;
            }

            double sum = begun.GetValueOrDefault(entry.Session) + entry.Milliseconds;
            begun[entry.Session] = entry.IsExecution ? 0 : sum;
            if (entry.IsExecution)
            {
                found.Add(sum);
            }
        }
    }

    /// <summary>The first line of an entry, as the default <c>log_line_prefix</c> begins it.</summary>
    private sealed record Entry(string Session, double Milliseconds, bool IsExecution)
    {
        public static Entry? Of(string line) => Duration().Match(line) is { Success: true } match
            ? new Entry(
                match.Groups["session"].Value,
                double.Parse(match.Groups["ms"].Value, CultureInfo.InvariantCulture),
                match.Groups["step"].Value is "execute" or "statement")
            : null;
    }

    [GeneratedRegex(
        @"^\S+ \S+ \S+ \[(?<session>\d+)\] LOG:  duration: (?<ms>[\d.]+) ms  (?<step>parse|bind|execute|statement)\b")]
    private static partial Regex Duration();
}
