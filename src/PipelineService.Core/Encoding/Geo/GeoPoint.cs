namespace PipelineService.Core.Encoding.Geo;

/// <summary>A place on the earth, in degrees.</summary>
internal readonly record struct GeoPoint(double Longitude, double Latitude) : IComparable<GeoPoint>
{
    /// <summary>Points have no order that means anything; no constraint asks for one.</summary>
    public int CompareTo(GeoPoint other) => (Longitude, Latitude).CompareTo((other.Longitude, other.Latitude));
}
