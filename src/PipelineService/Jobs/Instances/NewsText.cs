using System.Diagnostics.CodeAnalysis;

namespace PipelineService.Jobs.Instances;

/// <summary>What one instance tells the others: who it is, and the jobs that have changed there.</summary>
internal static class NewsText
{
    /// <summary>The channel of PostgreSQL that it goes over.</summary>
    public const string Channel = "pipeline_jobs";

    /// <summary>Jobs of one text, which holds less than 8,000 bytes: 33 each, and as many for the sender.</summary>
    public const int JobsMax = 200;

    public static string Write(Guid sender, IEnumerable<Guid> jobs) =>
        string.Join(',', jobs.Prepend(sender).Select(id => id.ToString("N")));

    /// <returns>False for a text of another form: from a newer version, or from somebody who tries out what happens.</returns>
    public static bool TryRead(string text, out Guid sender, [NotNullWhen(true)] out Guid[]? jobs)
    {
        string[] words = text.Split(',');
        Guid[] ids = [.. words.Select(word => Guid.TryParseExact(word, "N", out Guid id) ? id : Guid.Empty)];
        (sender, jobs) = (ids[0], ids[1..]);
        return !ids.Contains(Guid.Empty);
    }
}
