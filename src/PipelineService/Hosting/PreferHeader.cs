using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace PipelineService.Hosting;

/// <summary>The preference <c>wait</c>. Source: RFC 7240, section 4.3.</summary>
public static class PreferHeader
{
    /// <summary>The seconds that the client is willing to wait, or null; what is not understood is passed over.</summary>
    public static TimeSpan? ParseWait(StringValues prefer)
    {
        foreach (string preference in prefer.SelectMany(v => (v ?? string.Empty).Split(',')))
        {
            string[] parts = preference.Split(';')[0].Split('=', 2);
            if (parts.Length == 2 && parts[0].Trim().Equals("wait", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(parts[1].Trim().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
            {
                return TimeSpan.FromSeconds(seconds);
            }
        }

        return null;
    }
}
