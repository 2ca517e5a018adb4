using System.Text;

namespace PipelineService.Access.Limits;

/// <summary>
/// The fields <c>RateLimit-Policy</c> (what may be sent) and <c>RateLimit</c> (what is left) as structured fields, by
/// draft-ietf-httpapi-ratelimit-headers-10: <c>q</c> in a window of <c>w</c> seconds, <c>qu</c> counted in; <c>r</c> left, all of it again
/// in <c>t</c> seconds.
/// </summary>
internal static class LimitFields
{
    public const string Policy = "RateLimit-Policy";
    public const string Limit = "RateLimit";

    /// <summary>Of the caller's quotas and, of an upload, its dataset's.</summary>
    public static void Tell(HttpResponse response, params ReadOnlySpan<Quota?> quotas)
    {
        if (response.HasStarted)
        {
            return;
        }

        StringBuilder policy = new();
        StringBuilder left = new();
        foreach (Quota? quota in quotas)
        {
            if (quota is not null)
            {
                Quota.Separate(policy).Append(quota.Policy);
                quota.Tell(left);
            }
        }

        if (policy.Length > 0)
        {
            response.Headers[Policy] = policy.ToString();
            response.Headers[Limit] = left.ToString();
        }
    }
}
