namespace PipelineService.Hosting;

/// <summary>Guesses what a misspelt word was meant to be.</summary>
internal static class Suggestion
{
    /// <summary>Words longer than this are not typos of ours, and comparing them costs the square of their length.</summary>
    private const int LengthMax = 40;

    /// <summary>A sentence to append, " Did you mean "x"?", or nothing when no word is near.</summary>
    public static string For(string word, IEnumerable<string> known)
    {
        if (word.Length is 0 or > LengthMax)
        {
            return "";
        }

        string? nearest = known
            .Select(candidate => (candidate, distance: Distance(word, candidate)))
            .Where(pair => pair.distance <= Math.Max(1, Math.Min(word.Length, pair.candidate.Length) / 3))
            .OrderBy(pair => pair.distance)
            .Select(pair => pair.candidate)
            .FirstOrDefault();

        return nearest is null ? "" : $" Did you mean \"{nearest}\"?";
    }

    /// <summary>Edits, case ignored, where two swapped neighbours count as one (optimal string alignment).</summary>
    private static int Distance(string left, string right)
    {
        int[][] edits = [.. Enumerable.Range(0, left.Length + 1).Select(_ => new int[right.Length + 1])];
        for (int i = 0; i <= left.Length; i++)
        {
            for (int j = 0; j <= right.Length; j++)
            {
                edits[i][j] = i == 0 || j == 0 ? i + j : Cheapest(edits, left, right, i, j);
            }
        }

        return edits[left.Length][right.Length];
    }

    private static int Cheapest(int[][] edits, string left, string right, int i, int j)
    {
        int replace = edits[i - 1][j - 1] + (IsSame(left[i - 1], right[j - 1]) ? 0 : 1);
        int cheapest = Math.Min(replace, 1 + Math.Min(edits[i - 1][j], edits[i][j - 1]));
        bool swapped = i > 1 && j > 1 && IsSame(left[i - 1], right[j - 2]) && IsSame(left[i - 2], right[j - 1]);
        return swapped ? Math.Min(cheapest, edits[i - 2][j - 2] + 1) : cheapest;
    }

    private static bool IsSame(char left, char right) => char.ToLowerInvariant(left) == char.ToLowerInvariant(right);
}
