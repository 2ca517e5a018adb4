namespace PipelineService.Core.Transforms.Expressions;

/// <summary>What somebody may have meant who mistyped a name.</summary>
internal static class NearestName
{
    /// <summary>Longer names are not compared: the time grows with the square of the length.</summary>
    private const int LengthMax = 64;

    private const int NamesMax = 2_000;

    /// <summary>The name that differs in the fewest letters, or null when none is near.</summary>
    public static string? Of(string name, IEnumerable<string> names)
    {
        int distanceMax = name.Length <= 4 ? 1 : 2;
        return name.Length > LengthMax ? null : names
            .Take(NamesMax)
            .Where(candidate => candidate.Length <= LengthMax && Math.Abs(candidate.Length - name.Length) <= distanceMax)
            .Select(candidate => (Name: candidate, Distance: DistanceOf(name.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(candidate => candidate.Distance <= distanceMax)
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>Letters to insert, to leave out, to change, or to swap with their neighbour (optimal string alignment).</summary>
    private static int DistanceOf(string left, string right)
    {
        int[][] distances = [.. Enumerable.Range(0, left.Length + 1).Select(_ => new int[right.Length + 1])];
        for (int i = 0; i <= left.Length; i++)
        {
            for (int j = 0; j <= right.Length; j++)
            {
                distances[i][j] = i == 0 ? j : j == 0 ? i : Math.Min(
                    Math.Min(distances[i - 1][j], distances[i][j - 1]) + 1,
                    distances[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    distances[i][j] = Math.Min(distances[i][j], distances[i - 2][j - 2] + 1);
                }
            }
        }

        return distances[left.Length][right.Length];
    }
}
